using System.Collections.Immutable;
using System.Text;
using Parley.Client.History;
using Parley.Client.Store;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Content;

/// <summary>
/// What programs tell each other and no person reads. It travels as MIMI content of a type of our own, so that another client names it as
/// unknown instead of stumbling over it, and a kind that this version does not know is passed over.
/// </summary>
internal abstract record InternalMessage
{
    public const string ContentType = "application/vnd.parley.internal";

    /// <summary>Entries of the account's state in one message.</summary>
    public const int EntriesMax = 200;

    /// <summary>Wishes to be added in one message: a KeyPackage takes 3 KiB.</summary>
    public const int WishesMax = 16;

    private InternalMessage()
    {
    }

    private enum Tag : byte
    {
        State = 1,
        Wishes = 2,
        Ask = 3,
        HandOver = 4,
    }

    /// <summary>Reads a message; null if it is malformed or of a kind that is not known.</summary>
    public static InternalMessage? TryDecode(ReadOnlyMemory<byte> encoded)
    {
        var reader = new TlsReader(encoded);
        InternalMessage? message = (Tag)reader.ReadUInt8() switch
        {
            Tag.State => new State(reader.ReadVectorOf(StateEntry.Read, EntriesMax)),
            Tag.Wishes => new Wishes(reader.ReadVectorOf(static r => new Wish(StoredId.ReadConversation(r), r.ReadVector()), WishesMax)),
            Tag.Ask => new Ask(HistoryRange.Read(reader), reader.ReadVector()),
            Tag.HandOver => new HandOver(
                reader.ReadBytes(HistoryRange.IdBytes), reader.ReadUInt64(), reader.ReadUInt32(), reader.ReadUInt8() == 1, reader.ReadVector(), reader.ReadVector()),
            _ => null,
        };
        return reader.Finish() ? message : null;
    }

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        switch (this)
        {
            case State state:
                writer.WriteUInt8((byte)Tag.State);
                writer.WriteVectorOf(state.Entries, static (w, entry) => entry.Write(w));
                break;
            case Wishes wishes:
                writer.WriteUInt8((byte)Tag.Wishes);
                writer.WriteVectorOf(wishes.All, static (w, wish) =>
                {
                    w.WriteBytes(wish.Conversation.ToArray());
                    w.WriteVector(wish.KeyPackage);
                });
                break;
            case Ask ask:
                writer.WriteUInt8((byte)Tag.Ask);
                ask.Range.Write(writer);
                writer.WriteVector(ask.PublicKey);
                break;
            case HandOver handOver:
                writer.WriteUInt8((byte)Tag.HandOver);
                writer.WriteBytes(handOver.AskId.Span);
                writer.WriteUInt64(handOver.Floor);
                writer.WriteUInt32(handOver.Total);
                writer.WriteUInt8(handOver.IsLast ? (byte)1 : (byte)0);
                writer.WriteVector(handOver.KemOutput);
                writer.WriteVector(handOver.Ciphertext);
                break;
        }

        return writer.ToArray();
    }

    /// <summary>Entries of the account's state, among the account's own devices.</summary>
    public sealed record State(ImmutableArray<StateEntry> Entries) : InternalMessage;

    /// <summary>Conversations that the sender wishes to be added to by another device of its account.</summary>
    public sealed record Wishes(ImmutableArray<Wish> All) : InternalMessage;

    /// <summary>A wish to be handed what the sender missed.</summary>
    /// <param name="Range">What.</param>
    /// <param name="PublicKey">The HPKE key that it is sealed to, so that nobody else of the group is handed it.</param>
    public sealed record Ask(HistoryRange Range, ReadOnlyMemory<byte> PublicKey) : InternalMessage;

    /// <summary>A part of what was asked for.</summary>
    /// <param name="AskId">The range’s id.</param>
    /// <param name="Floor">No message that was sent behind this sequence number is still to come.</param>
    /// <param name="Total">How many messages there are in all.</param>
    /// <param name="IsLast">Whether this is all that the sender has.</param>
    /// <param name="KemOutput">What the recipient gets the key from.</param>
    /// <param name="Ciphertext">The sealed <see cref="HistoryItem"/>s.</param>
    public sealed record HandOver(
        ReadOnlyMemory<byte> AskId, ulong Floor, uint Total, bool IsLast, ReadOnlyMemory<byte> KemOutput, ReadOnlyMemory<byte> Ciphertext) : InternalMessage;
}

/// <summary>One wish to be added.</summary>
/// <param name="Conversation">To which conversation.</param>
/// <param name="KeyPackage">An encoded KeyPackage of the device's own, for this once.</param>
internal sealed record Wish(ConversationId Conversation, ReadOnlyMemory<byte> KeyPackage);

/// <summary>One entry of the account's state.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Stamp">The sequence number under which it was written in the log of the account's devices; 0 if that is this message's own.</param>
/// <param name="Value">Its value.</param>
internal sealed record StateEntry(string Key, ulong Stamp, ReadOnlyMemory<byte> Value)
{
    public static StateEntry Read(TlsReader reader) => new(Encoding.UTF8.GetString(reader.ReadVector().Span), reader.ReadUInt64(), reader.ReadVector());

    public void Write(TlsWriter writer)
    {
        writer.WriteVector(Encoding.UTF8.GetBytes(Key));
        writer.WriteUInt64(Stamp);
        writer.WriteVector(Value);
    }
}
