using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
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
        Psk = InfoChanges.Count,
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
            yield return [(byte)Change.PathSecret, 1];
            yield return [(byte)Change.Psk, .. new PreSharedKeyId.External("psk"u8.ToArray(), new byte[32]).Encode<PreSharedKeyId>()];
            yield return [(byte)Change.Psk, .. new PreSharedKeyId.Resumption(ResumptionPskUsage.Branch, "old"u8.ToArray(), 1, new byte[32]).Encode<PreSharedKeyId>()];
            foreach (byte[] seed in InfoChanges.Seeds(state.Forge.Nodes))
                yield return seed;
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
            using StagedWelcome staged = Effort.Bounded(welcome.Encode().Length, () => state.Forge.Stage(welcome));
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
        private readonly ContentForge _contents;

        public State()
        {
            var group = new FuzzGroup();
            Forge = new WelcomeForge(group.World[1], group.Joiner);
            _contents = new ContentForge(group);
        }

        public WelcomeForge Forge { get; }

        public Welcome? Make(byte[] input)
        {
            var reader = new TlsReader(input);
            var changes = new InfoChanges(Forge.Nodes, Forge.Info, _contents);
            ImmutableArray<PreSharedKeyId> psks = [];
            byte? pathSecret = null;
            while (!reader.AtEnd && !changes.Nodes.IsEmpty)
            {
                byte change = (byte)(reader.ReadUInt8() % ((int)Change.Message + 1));
                switch ((Change)change)
                {
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
                        changes.Apply(change, reader);
                        break;
                }
            }

            if (reader.Error != DecodeError.None || changes.Nodes.IsEmpty)
                return null;
            using Secret? secret = pathSecret is { } value ? new Secret(Enumerable.Repeat(value, 32).ToArray()) : null;
            GroupInfo info = changes.Info;
            return Forge.Make(
                _ => changes.Nodes,
                made => info.GroupContext with { TreeHash = made.TreeHash },
                made => info with { GroupContext = made.GroupContext, Extensions = [.. made.Extensions, .. info.Extensions[1..]], ConfirmationTag = made.ConfirmationTag },
                psks: psks,
                pathSecret: secret,
                signer: _contents.SignerOfLeaf(info.Signer));
        }
    }
}
