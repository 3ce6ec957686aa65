using System.Text;
using Parley.Client.Conversations;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Recovery;

/// <summary>What a piece of an archive holds. Nothing of it belongs to one device: no group's keys, no KeyPackages, nothing that waits to be sent.</summary>
internal abstract record ArchiveContent
{
    private const byte AccountTag = 1;
    private const byte PeopleTag = 2;
    private const byte ConversationTag = 3;
    private const byte TimelineTag = 4;
    private const byte NamesTag = 5;
    private const int ElementsMax = ArchiveSealer.SealedBytesMax;

    private ArchiveContent()
    {
    }

    /// <summary>Reads a content; null if it is none.</summary>
    public static ArchiveContent? TryDecode(ReadOnlyMemory<byte> encoded)
    {
        var reader = new TlsReader(encoded);
        try
        {
            ArchiveContent? content = reader.ReadUInt8() switch
            {
                AccountTag => ReadAccount(reader),
                PeopleTag => new People(reader.ReadVectorOf(static r => new Person(ReadHandle(r), KnownAccount.Decode(r.ReadVector())), ElementsMax)),
                ConversationTag => new Conversation(StoredId.ReadConversation(reader), ConversationRecord.Decode(reader.ReadVector()), Roster.Decode(reader.ReadVector())),
                TimelineTag => new Timeline(StoredId.ReadConversation(reader), reader.ReadVectorOf(ReadItem, ElementsMax)),
                NamesTag => new Names(reader.ReadVectorOf(static r => r.ReadBytes(ArchiveSealer.NameBytes), ElementsMax)),
                _ => null,
            };
            return content is not null && reader.Finish() ? content : null;
        }
        catch (Exception damaged) when (damaged is InvalidDataException or ArgumentException or OverflowException)
        {
            // Sealed under the code and no content all the same: a time or a list that cannot be.
            return null;
        }
    }

    /// <summary>As bytes. What holds the account's key is the caller's to clear.</summary>
    public byte[] Encode()
    {
        var writer = new TlsWriter();
        switch (this)
        {
            case Account account:
                writer.WriteUInt8(AccountTag);
                writer.WriteVector(Encoding.UTF8.GetBytes(account.Address.AbsoluteUri));
                writer.WriteVector(account.Certificate.Encoded);
                writer.WriteVector(account.AccountKey);
                writer.WriteVector(Encoding.UTF8.GetBytes(account.Nickname));
                break;
            case People people:
                writer.WriteUInt8(PeopleTag);
                writer.WriteVectorOf(people.All, static (w, person) =>
                {
                    w.WriteVector(Encoding.ASCII.GetBytes(person.Handle.Value));
                    w.WriteVector(person.Known.Encode());
                });
                break;
            case Conversation conversation:
                writer.WriteUInt8(ConversationTag);
                writer.WriteBytes(conversation.Id.ToArray());
                writer.WriteVector(conversation.Record.Encode());
                writer.WriteVector(conversation.Roster.Encode());
                break;
            case Timeline timeline:
                writer.WriteUInt8(TimelineTag);
                writer.WriteBytes(timeline.Id.ToArray());
                writer.WriteVectorOf(timeline.Items, static (w, item) =>
                {
                    w.WriteUInt64((ulong)item.Order);
                    w.WriteVector(item.Encoded);
                });
                break;
            case Names names:
                writer.WriteUInt8(NamesTag);
                writer.WriteVectorOf(names.All, static (w, name) => w.WriteBytes(name.Span));
                break;
        }

        byte[] encoded = writer.ToArray();
        writer.Clear();
        return encoded;
    }

    private static Account? ReadAccount(TlsReader reader)
    {
        string address = Encoding.UTF8.GetString(reader.ReadVector().Span);
        ReadOnlyMemory<byte> encoded = reader.ReadVector();
        ReadOnlyMemory<byte> accountKey = reader.ReadVector();
        string nickname = Encoding.UTF8.GetString(reader.ReadVector().Span);
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && DeviceCertificate.TryDecode(encoded.Span, out DeviceCertificate? certificate)
            ? new Account(uri, certificate, accountKey, nickname)
            : null;
    }

    private static Handle ReadHandle(TlsReader reader) =>
        Handle.TryParse(Encoding.ASCII.GetString(reader.ReadVector().Span), out Handle? handle) ? handle : throw new InvalidDataException("Not a handle.");

    /// <summary>An item, which must be one: so a backup that was verified can be restored.</summary>
    private static Item ReadItem(TlsReader reader)
    {
        var item = new Item((long)(reader.ReadUInt64() & long.MaxValue), reader.ReadVector());
        _ = item.Record;
        return item;
    }

    /// <summary>The account.</summary>
    /// <param name="Address">The server's address.</param>
    /// <param name="Certificate">The archiving device's certificate: it says whose account it is, on which server.</param>
    /// <param name="AccountKey">The account's private key, by which a new device is certified.</param>
    /// <param name="Nickname">The name one goes by.</param>
    public sealed record Account(Uri Address, DeviceCertificate Certificate, ReadOnlyMemory<byte> AccountKey, string Nickname) : ArchiveContent;

    /// <summary>The people one has met, and whose keys have been verified.</summary>
    public sealed record People(IReadOnlyList<Person> All) : ArchiveContent;

    /// <summary>A conversation.</summary>
    public sealed record Conversation(ConversationId Id, ConversationRecord Record, Roster Roster) : ArchiveContent;

    /// <summary>Items of a conversation's timeline that follow one another.</summary>
    public sealed record Timeline(ConversationId Id, IReadOnlyList<Item> Items) : ArchiveContent;

    /// <summary>The names of pieces.</summary>
    public sealed record Names(IReadOnlyList<ReadOnlyMemory<byte>> All) : ArchiveContent;
}

/// <summary>One person in an archive.</summary>
internal readonly record struct Person(Handle Handle, KnownAccount Known);

/// <summary>One item of an archived timeline, as it is stored.</summary>
internal readonly record struct Item(long Order, ReadOnlyMemory<byte> Encoded)
{
    /// <summary>What it is.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public TimelineRecord Record => TimelineRecord.Decode(Encoded);
}
