using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// Joining by a GroupInfo from a dishonest member. The input is a list of changes to an honest one, which is then hashed and signed again,
/// and of what the external Commit is to hold; or the whole message, as the network brings it. What is joined by an honest GroupInfo the
/// group must let in.
/// </summary>
internal sealed class ExternalTarget : FuzzTarget
{
    private readonly Lazy<State> _state = new(static () => new State());

    private enum Change : byte
    {
        ExternalPub = InfoChanges.Count,
        Replaces,
        Psk,
        AppData,
        SelfRemove,
        Leaving,
        TreeApart,
        GroupInfo,
        Message,
    }

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            var state = new State();
            byte[] psk = new PreSharedKeyId.External("psk"u8.ToArray(), new byte[32]).Encode<PreSharedKeyId>();
            yield return [(byte)Change.Message, .. new MlsMessage.GroupInfo(state.Info).Encode<MlsMessage>()];
            yield return [(byte)Change.GroupInfo, .. state.Info.Encode()];
            yield return [(byte)Change.ExternalPub, 32, .. new byte[32]];
            yield return [(byte)Change.TreeApart];
            yield return [(byte)Change.Replaces, 0];
            yield return [(byte)Change.SelfRemove];
            yield return [(byte)Change.Leaving, .. state.Group.Leaving.Encode()];
            yield return [(byte)Change.Psk, .. psk, (byte)Change.SelfRemove, (byte)Change.AppData, 0x80, 1, 1, 7];
            foreach (byte[] seed in InfoChanges.Seeds(state.Nodes.Nodes))
                yield return seed;
        }
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        State state = _state.Value;
        if (state.Make(input.ToArray()) is not { } attempt)
            return;
        GroupConfig config = state.Group.World.Config;
        LeafIdentity identity = state.Group.Joiner.Identity;
        byte[] commit;
        try
        {
            int bytes = attempt.Info.Encode().Length + (attempt.Tree?.Encode().Length ?? 0);
            VerifiedGroupInfo verified = Effort.Bounded(bytes, () => VerifiedGroupInfo.Verify(config, attempt.Info, attempt.Tree));
            using PendingExternalCommit pending = verified.Commit(identity, attempt.Options, World.Now);
            using PendingExternalCommit restored = PendingExternalCommit.Restore(config, identity, pending.Serialize());
            commit = restored.Message.ToArray();
            using Group joined = restored.Join();
            Assert.NotEmpty(joined.TakeWrites());
            joined.Protect("hello"u8);
        }
        catch (MlsException)
        {
            return; // Refused, for one reason.
        }

        state.Group.Reset();
        Assert.True(MlsMessage.TryDecode(commit, out MlsMessage? message, out _));
        Received? received = state.Group.Process(message);
        Assert.True(received is Received.Commit || !attempt.IsHonest, "What was made by an honest GroupInfo is refused.");
    }

    private sealed record Attempt(GroupInfo Info, RatchetTreeExtension? Tree, ExternalCommitOptions Options, bool IsHonest);

    /// <summary>An honest GroupInfo, and the changes that an input makes to it.</summary>
    private sealed class State
    {
        private readonly ContentForge _contents;

        public State()
        {
            Group = new FuzzGroup();
            _contents = new ContentForge(Group);
            Assert.True(MlsMessage.TryDecode(Group.Group.CreateGroupInfo(withRatchetTree: true), out MlsMessage? message, out _));
            Info = Assert.IsType<MlsMessage.GroupInfo>(message).Message;
            Nodes = Group.Group.ExportRatchetTree();
        }

        public FuzzGroup Group { get; }

        public GroupInfo Info { get; }

        public RatchetTreeExtension Nodes { get; }

        public Attempt? Make(byte[] input)
        {
            var reader = new TlsReader(input);
            var changes = new InfoChanges(Nodes.Nodes, Info, _contents);
            var options = new ExternalCommitOptions();
            ReadOnlyMemory<byte>? externalPub = null;
            bool isLeavingHonest = true;
            bool isTreeApart = false;
            while (!reader.AtEnd && !changes.Nodes.IsEmpty)
            {
                byte change = (byte)(reader.ReadUInt8() % ((int)Change.Message + 1));
                switch ((Change)change)
                {
                    case Change.ExternalPub:
                        externalPub = reader.ReadVector();
                        break;
                    case Change.Replaces:
                        options = options with { Replaces = new LeafIndex(reader.ReadUInt8()) };
                        break;
                    case Change.Psk:
                        options = options with { PreSharedKeys = [.. options.PreSharedKeys, new Proposal.PreSharedKey(PreSharedKeyId.Read(reader))] };
                        break;
                    case Change.AppData:
                        options = options with { AppDataUpdates = [.. options.AppDataUpdates, new Proposal.AppDataUpdate((ComponentId)reader.ReadUInt16(), reader.ReadVector())] };
                        break;
                    case Change.SelfRemove:
                        options = options with { SelfRemoves = [.. options.SelfRemoves, Group.Leaving] };
                        break;
                    case Change.Leaving:
                        options = options with { SelfRemoves = [.. options.SelfRemoves, PublicMessage.Read(reader)] };
                        isLeavingHonest = false;
                        break;
                    case Change.TreeApart:
                        isTreeApart = true;
                        break;
                    case Change.GroupInfo:
                        return Tls.TryDecode(reader.ReadRest().Span, out GroupInfo? info, out _) ? new Attempt(info, isTreeApart ? Nodes : null, options, false) : null;
                    case Change.Message:
                        return MlsMessage.TryDecode(reader.ReadRest().Span, out MlsMessage? message, out _) && message is MlsMessage.GroupInfo { Message: { } whole }
                            ? new Attempt(whole, null, options, false)
                            : null;
                    default:
                        changes.Apply(change, reader);
                        break;
                }
            }

            return reader.Error != DecodeError.None || changes.Nodes.IsEmpty
                ? null
                : Sign(changes, externalPub, isTreeApart) with { Options = options, IsHonest = changes.IsHonest && externalPub is null && isLeavingHonest };
        }

        private Attempt Sign(InfoChanges changes, ReadOnlyMemory<byte>? externalPub, bool isTreeApart)
        {
            CryptoSuite suite = Group.World.Suite;
            var tree = new RatchetTreeExtension(changes.Nodes);
            GroupInfo info = changes.Info;
            IEnumerable<Extension> extensions = info.Extensions.Where(static extension => extension.Type != ExtensionType.RatchetTree);
            if (externalPub is { } key)
                extensions = extensions.Select(extension => extension.Type == ExtensionType.ExternalPub ? extension with { Data = new ExternalPub(key).Encode() } : extension);
            if (!isTreeApart)
                extensions = extensions.Prepend(new Extension(ExtensionType.RatchetTree, tree.Encode()));
            GroupContext context = changes.IsHonest ? info.GroupContext : info.GroupContext with { TreeHash = RatchetTree.FromExtension(tree).TreeHash(suite) };
            info = info with { GroupContext = context, Extensions = [.. extensions] };
            SignatureKeyPair signer = _contents.SignerOfLeaf(info.Signer) ?? Group.Signers[0];
            info = info with { Signature = signer.Sign(suite, "GroupInfoTBS", info.EncodeToBeSigned()) };
            return new Attempt(info, isTreeApart ? tree : null, new ExternalCommitOptions(), IsHonest: false);
        }
    }
}
