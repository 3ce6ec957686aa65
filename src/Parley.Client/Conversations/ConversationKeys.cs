using Parley.Client.Store;

namespace Parley.Client.Conversations;

/// <summary>Where in the store a conversation keeps what: <c>c/</c>, its id, and a letter for the kind; only its record, by which it is found, is apart.</summary>
internal sealed class ConversationKeys
{
    private static readonly byte[] Root = "c/"u8.ToArray();
    private static readonly byte[] RecordRoot = "m/"u8.ToArray();

    private readonly byte[] _id;

    public ConversationKeys(ConversationId id)
    {
        _id = id.ToArray();
        Record = StoreKey.Of(RecordRoot, _id);
        Roster = Of('r');
        Group = Of('g');
        Timeline = Of('t');
        Messages = Of('i');
        Outbox = Of('o');
        Receipts = Of('d');
        Welcomes = Of('w');
        Unreadable = Of('x');
    }

    /// <summary>What the keys of all conversations' records begin with, so that they are listed without touching the rest.</summary>
    public static ReadOnlyMemory<byte> Records => RecordRoot;

    /// <summary>The key of the <see cref="ConversationRecord"/>.</summary>
    public byte[] Record { get; }

    /// <summary>The key of the <see cref="Conversations.Roster"/>.</summary>
    public byte[] Roster { get; }

    /// <summary>What the MLS group's entries begin with.</summary>
    public byte[] Group { get; }

    /// <summary>What the timeline's items begin with, followed by their order.</summary>
    public byte[] Timeline { get; }

    /// <summary>What the index of message ids begins with.</summary>
    public byte[] Messages { get; }

    /// <summary>What the outbox's entries begin with, followed by their number.</summary>
    public byte[] Outbox { get; }

    /// <summary>The key of the <see cref="Client.Receipts.ReceiptBook"/>.</summary>
    public byte[] Receipts { get; }

    /// <summary>What the Welcomes that wait begin with, followed by their number in the inbox.</summary>
    public byte[] Welcomes { get; }

    /// <summary>What the index of items begins with that could not be read, followed by their place in the log.</summary>
    public byte[] Unreadable { get; }

    /// <summary>Whose record a key is, of those listed under <see cref="Records"/>.</summary>
    public static ConversationId OwnerOfRecord(ReadOnlySpan<byte> key) =>
        ConversationId.TryParse(key[RecordRoot.Length..], out ConversationId id) ? id : throw new InvalidDataException("A stored conversation has no id.");

    private byte[] Of(char kind) => StoreKey.Of(Root, _id, [(byte)kind]);
}
