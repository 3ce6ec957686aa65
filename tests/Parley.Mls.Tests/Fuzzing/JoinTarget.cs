using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// Joining by a Welcome from a dishonest member. The input is a list of changes to an honest Welcome's tree, GroupInfo and group secrets,
/// which is then hashed, signed, confirmed and encrypted again; or the whole message, as the network brings it.
/// </summary>
internal sealed class JoinTarget : FuzzTarget
{
    private readonly Lazy<State> _state = new(static () => new State());

    private enum Change : byte
    {
        Blank,
        Leaf,
        Parent,
        CutShort,
        CopyNode,
        Signer,
        Epoch,
        ContextExtensions,
        InfoExtension,
        Psk,
        PathSecret,
        GroupInfo,
        GroupSecrets,
        Message,
    }

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            var state = new State();
            yield return [(byte)Change.Message, .. new MlsMessage.Welcome(state.Forge.Honest).Encode<MlsMessage>()];
            yield return [(byte)Change.GroupInfo, .. state.Forge.Info.Encode()];
            yield return [(byte)Change.GroupSecrets, 32, .. new byte[32], 0, 0];
            yield return [(byte)Change.Signer, 1];
            yield return [(byte)Change.Epoch, 0, 0, 0, 0, 0, 0, 0, 1];
            yield return [(byte)Change.PathSecret, 1];
            yield return [(byte)Change.CutShort, 15];
            yield return [(byte)Change.CopyNode, 0, 2];
            yield return [(byte)Change.Psk, .. new PreSharedKeyId.External("psk"u8.ToArray(), new byte[32]).Encode<PreSharedKeyId>()];
            yield return [(byte)Change.Psk, .. new PreSharedKeyId.Resumption(ResumptionPskUsage.Branch, "old"u8.ToArray(), 1, new byte[32]).Encode<PreSharedKeyId>()];
            yield return [(byte)Change.InfoExtension, .. new Extension(ExtensionType.ExternalPub, new ExternalPub(new byte[32]).Encode()).Encode()];
            yield return [(byte)Change.ContextExtensions, .. new Proposal.GroupContextExtensions([new Extension(ExtensionType.RequiredCapabilities, new byte[3])]).Encode<Proposal>()];
            for (byte i = 0; i < state.Forge.Nodes.Length; i++)
            {
                yield return [(byte)Change.Blank, i];
                if (state.Forge.Nodes[i] is Node.Leaf leaf)
                    yield return [(byte)Change.Leaf, i, .. (leaf.LeafNode with { SignatureKey = new byte[1], EncryptionKey = (byte[])[i], Signature = default }).Encode()];
                if (state.Forge.Nodes[i] is Node.Parent parent)
                    yield return [(byte)Change.Parent, i, .. (parent.ParentNode with { EncryptionKey = default, ParentHash = default }).Encode()];
            }
        }
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        State state = _state.Value;
        Welcome? welcome = state.Make(input.ToArray());
        if (welcome is null)
            return;
        try
        {
            using StagedWelcome staged = state.Stage(welcome);
            using Group joined = staged.Join();
            Assert.NotEmpty(joined.TakeWrites());
            joined.Protect("hello"u8);
        }
        catch (MlsException)
        {
            // Refused, for one reason.
        }
    }

    /// <summary>An honest Welcome taken apart, and the changes that an input makes to it.</summary>
    private sealed class State
    {
        private readonly FuzzGroup _group = new();
        private readonly ContentForge _contents;

        public State()
        {
            Forge = new WelcomeForge(_group.World[1], _group.Joiner);
            _contents = new ContentForge(_group);
        }

        public WelcomeForge Forge { get; }

        public StagedWelcome Stage(Welcome welcome) => Forge.Stage(welcome);

        public Welcome? Make(byte[] input)
        {
            var reader = new TlsReader(input);
            ImmutableArray<Node?> nodes = Forge.Nodes;
            GroupContext context = Forge.Info.GroupContext;
            GroupInfo info = Forge.Info;
            ImmutableArray<PreSharedKeyId> psks = [];
            byte? pathSecret = null;
            while (!reader.AtEnd && !nodes.IsEmpty)
            {
                var change = (Change)(reader.ReadUInt8() % ((int)Change.Message + 1));
                switch (change)
                {
                    case Change.Signer:
                        info = info with { Signer = new LeafIndex(reader.ReadUInt8()) };
                        break;
                    case Change.Epoch:
                        context = context with { Epoch = reader.ReadUInt64() };
                        break;
                    case Change.ContextExtensions:
                        context = Proposal.Read(reader) is Proposal.GroupContextExtensions { Extensions: var extensions } ? context with { Extensions = extensions } : context;
                        break;
                    case Change.InfoExtension:
                        info = info with { Extensions = info.Extensions.Add(Extension.Read(reader)) };
                        break;
                    case Change.Psk:
                        psks = psks.Add(PreSharedKeyId.Read(reader));
                        break;
                    case Change.PathSecret:
                        pathSecret = reader.ReadUInt8();
                        break;
                    case Change.GroupInfo:
                        return Forge.MakeOf(reader.ReadRest().ToArray());
                    case Change.GroupSecrets:
                        return Forge.SealSecrets(Forge.Honest.EncryptedGroupInfo.ToArray(), reader.ReadRest().ToArray());
                    case Change.Message:
                        return MlsMessage.TryDecode(reader.ReadRest().Span, out MlsMessage? message, out _) ? (message as MlsMessage.Welcome)?.Message : null;
                    default:
                        nodes = ChangeNode(change, nodes, reader);
                        break;
                }
            }

            if (reader.Error != DecodeError.None || nodes.IsEmpty)
                return null;
            using Secret? secret = pathSecret is { } value ? new Secret(Enumerable.Repeat(value, 32).ToArray()) : null;
            SignatureKeyPair? signer = _contents.SignerOfLeaf(info.Signer);
            return Forge.Make(
                _ => nodes,
                made => context with { TreeHash = made.TreeHash },
                made => info with { GroupContext = made.GroupContext, Extensions = [.. made.Extensions, .. info.Extensions[1..]], ConfirmationTag = made.ConfirmationTag },
                psks: psks,
                pathSecret: secret,
                signer: signer);
        }

        private ImmutableArray<Node?> ChangeNode(Change change, ImmutableArray<Node?> nodes, TlsReader reader)
        {
            int index = reader.ReadUInt8() % nodes.Length;
            switch (change)
            {
                case Change.Blank:
                    return nodes.SetItem(index, null);
                case Change.CutShort:
                    return nodes[..index];
                case Change.CopyNode:
                    int target = reader.ReadUInt8() % nodes.Length;
                    return nodes.SetItem(target, nodes[index]);
                case Change.Leaf:
                    LeafNode leaf = _contents.Complete(LeafNode.Read(reader), null, new LeafIndex((uint)index / 2));
                    return reader.Error == DecodeError.None ? nodes.SetItem(index, new Node.Leaf(leaf)) : nodes;
                default:
                    ParentNode parent = ParentNode.Read(reader);
                    ParentNode? old = (nodes[index] as Node.Parent)?.ParentNode;
                    parent = parent with
                    {
                        EncryptionKey = _contents.PublicKey(parent.EncryptionKey, old?.EncryptionKey ?? default),
                        ParentHash = parent.ParentHash.Length <= 1 ? old?.ParentHash ?? default : parent.ParentHash,
                    };
                    return reader.Error == DecodeError.None ? nodes.SetItem(index, new Node.Parent(parent)) : nodes;
            }
        }
    }
}
