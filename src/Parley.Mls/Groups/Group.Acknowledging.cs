using System.Collections.Immutable;
using Parley.Mls.Components;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <content>draft-ietf-mls-extensions-09 §6.1: which application messages of this epoch members have received, so that lost ones are noticed.</content>
public sealed partial class Group
{
    /// <summary>
    /// The application messages that we have received in this epoch, to be sent by <see cref="ProposeAppAck"/> or in a Commit of ours. Our own
    /// are not among them, nor are those from before keys were given up (see <see cref="GroupConfig.SkippedKeysMax"/>).
    /// </summary>
    public AppAck CreateAppAck()
    {
        IEnumerable<MessageRange> ranges = _epoch.Tree.Members()
            .Where(member => member.Index != OwnLeafIndex)
            .SelectMany(member => ReceivedFrom(member.Index))
            .Take(MessageLimits.MessageRangesMax);
        return new AppAck([.. ranges]);
    }

    /// <summary>Proposes an AppAck of what we have received so far.</summary>
    /// <returns>An encoded MLSMessage.</returns>
    /// <exception cref="MlsException">The component is not registered, or a member does not support AppEphemeral.</exception>
    /// <exception cref="InvalidOperationException">The group has ended for us.</exception>
    public byte[] ProposeAppAck() => Send(new Proposal.AppEphemeral(ComponentId.AppAck, CreateAppAck().Encode()), null, _config.HandshakeFormat);

    /// <summary>
    /// Compares an AppAck of this epoch with what we have sent and received. To be called before the Commit that holds it is merged: with
    /// the epoch the generations start anew.
    /// </summary>
    public AppAckReport Compare(AppAck ack)
    {
        ArgumentNullException.ThrowIfNull(ack);
        ILookup<LeafIndex, MessageRange> acknowledged = ack.ReceivedRanges.ToLookup(static range => range.Sender);
        IEnumerable<MessageRange> here = acknowledged
            .Where(ranges => ranges.Key != OwnLeafIndex)
            .SelectMany(ranges => Without(ranges, [.. ReceivedFrom(ranges.Key)]));
        IEnumerable<MessageRange> there = Without(ReceivedFrom(OwnLeafIndex), [.. acknowledged[OwnLeafIndex]]);
        return new AppAckReport([.. here], [.. there]);
    }

    private IEnumerable<MessageRange> ReceivedFrom(LeafIndex sender) =>
        _epoch.MessageSecrets.Received(sender).Select(range => new MessageRange(sender, range.First, range.Last));

    /// <summary>What is in ranges of one sender and not in others of the same sender. Both ascend; each is passed over once.</summary>
    private static IEnumerable<MessageRange> Without(IEnumerable<MessageRange> ranges, ImmutableArray<MessageRange> others)
    {
        int next = 0;
        foreach (MessageRange range in ranges)
        {
            // Wider than a generation, because the one after the last there can be is none.
            ulong first = range.FirstGeneration;
            while (next < others.Length && others[next].LastGeneration < first)
                next++;
            for (int i = next; i < others.Length && others[i].FirstGeneration <= range.LastGeneration; i++)
            {
                if (others[i].FirstGeneration > first)
                    yield return range with { FirstGeneration = (uint)first, LastGeneration = others[i].FirstGeneration - 1 };
                first = (ulong)others[i].LastGeneration + 1;
                next = i;
            }

            if (first <= range.LastGeneration)
                yield return range with { FirstGeneration = (uint)first };
        }
    }
}
