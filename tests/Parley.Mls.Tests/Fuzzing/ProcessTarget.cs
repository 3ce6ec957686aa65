using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>The bytes of one message, as the network brings them, to a group.</summary>
internal sealed class ProcessTarget : FuzzTarget
{
    private readonly Lazy<FuzzGroup> _group = new(static () => new FuzzGroup());

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            World world = new FuzzGroup().World;
            Client sender = world[1];
            yield return Forge.Propose(sender, new Proposal.Remove(world[5].Index)).Encode();
            yield return Forge.Commit(sender, static commit => commit, new Proposal.Remove(world[5].Index)).Encode();
            yield return Forge.Send(sender, new Content.Application("hello"u8.ToArray()), WireFormat.PrivateMessage).Encode();
            yield return world[4].Propose(static group => group.ProposeUpdate());
            yield return world[4].Commit().Message.ToArray();
        }
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        _group.Value.Reset();
        if (MlsMessage.TryDecode(input, out MlsMessage? message, out _))
            _group.Value.Process(message);
    }
}
