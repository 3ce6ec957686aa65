using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Components;

/// <summary>draft-ietf-mls-extensions-09 §6.1: application messages of one sender whose generations follow each other.</summary>
/// <param name="Sender">The sender's leaf.</param>
/// <param name="FirstGeneration">The first generation.</param>
/// <param name="LastGeneration">The last one, inclusive.</param>
public readonly record struct MessageRange(LeafIndex Sender, uint FirstGeneration, uint LastGeneration);

/// <summary>
/// draft-ietf-mls-extensions-09 §6.1: the application messages that a member has received in the current epoch. Sent in an AppEphemeral
/// proposal of the component <see cref="ComponentId.AppAck"/>, so that it is part of the transcript: who is kept from one cannot follow the group.
/// </summary>
/// <param name="ReceivedRanges">The messages. In a decoded one no range is empty; they ascend, and none overlaps another.</param>
public sealed record AppAck(ImmutableArray<MessageRange> ReceivedRanges) : ITlsStruct<AppAck>
{
    /// <inheritdoc/>
    public static AppAck Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ImmutableArray<MessageRange> ranges = reader.ReadVectorOf(
            static r => new MessageRange(new LeafIndex(r.ReadUInt32()), r.ReadUInt32(), r.ReadUInt32()), MessageLimits.MessageRangesMax);
        for (int i = 0; i < ranges.Length; i++)
        {
            if (ranges[i].LastGeneration < ranges[i].FirstGeneration || (i > 0 && !Ascends(ranges[i - 1], ranges[i])))
                reader.Fail(DecodeError.MessageRangeInvalid);
        }

        return new AppAck(ranges);
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(ReceivedRanges, static (w, range) =>
        {
            w.WriteUInt32(range.Sender.Value);
            w.WriteUInt32(range.FirstGeneration);
            w.WriteUInt32(range.LastGeneration);
        });
    }

    private static bool Ascends(MessageRange left, MessageRange right) =>
        left.Sender.Value < right.Sender.Value || (left.Sender == right.Sender && left.LastGeneration < right.FirstGeneration);
}
