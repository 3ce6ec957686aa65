using Google.Protobuf;
using Parley.Client.Conversations;
using Parley.Client.Receipts;
using Parley.Client.Store;
using Parley.Contracts.Wire;
using Parley.Mls.Messages.Framing;
using Parley.Server.Log;

namespace Parley.Simulation.Core;

/// <summary>Bugs that are put in to see that the checkers find them.</summary>
internal enum Plant
{
    None,

    /// <summary>The server says that it has stored what is not on its disk.</summary>
    AcknowledgesTooEarly,

    /// <summary>A client stores nothing of the items of its timeline.</summary>
    ForgetsItems,

    /// <summary>A client stores each item of its timeline twice.</summary>
    DoublesItems,

    /// <summary>A client puts every second item of its timeline before the one that was there.</summary>
    SwapsItems,

    /// <summary>A client sends before its ratchet's new state is stored.</summary>
    ForgetsRatchet,

    /// <summary>One device gets other bytes than were sent where there is a Commit.</summary>
    SpoilsCommits,

    /// <summary>A client shows nothing where it cannot read something.</summary>
    HidesUnreadable,

    /// <summary>A client waits for nothing that is hours away.</summary>
    ForgetsTheSchedule,

    /// <summary>A client stores of others that they have more than they have said.</summary>
    ConfirmsTooMuch,
}

/// <summary>What the planted bugs do to the batches a client writes.</summary>
internal static class Plants
{
    private const int IdBytes = 16;

    // "c/", the conversation's id, and the letter of the kind.
    private const int KindIndex = 2 + IdBytes;

    // Of the MLS group's own keys, those of ratchets begin with it.
    private const byte RatchetKind = 5;

    public static StoreBatch Spoil(Plant plant, StoreBatch batch, IClientStore disk)
    {
        if (plant is Plant.None or Plant.AcknowledgesTooEarly or Plant.SpoilsCommits or Plant.ForgetsTheSchedule)
            return batch;
        var spoiled = new StoreBatch();
        foreach ((byte[] key, byte[]? value) in batch.Writes)
            Spoil(plant, spoiled, disk, key, value);
        return spoiled;
    }

    public static void Spoil(Plant plant, IEnumerable<Envelope> page)
    {
        if (plant != Plant.SpoilsCommits)
            return;
        foreach (Envelope envelope in page.Where(static envelope => MessageHeader.TryParse(envelope.Message.Memory) is { Content: ContentType.Commit }))
        {
            byte[] message = envelope.Message.ToByteArray();
            message[^1] ^= 1;
            envelope.Message = ByteString.CopyFrom(message);
        }
    }

    private static void Spoil(Plant plant, StoreBatch spoiled, IClientStore disk, byte[] key, byte[]? value)
    {
        char kind = key.Length > KindIndex && key[0] == 'c' ? (char)key[KindIndex] : ' ';
        if (value is null)
        {
            spoiled.Delete(key);
            return;
        }

        switch (plant, kind)
        {
            case (Plant.ForgetsItems, 't') when key[^1] % 4 == 3:
            case (Plant.ForgetsRatchet, 'g') when key[KindIndex + 1] == RatchetKind && disk.Get(key) is not null:
                break;
            case (Plant.HidesUnreadable, 't') when TimelineRecord.Decode(value).Body is TimelineBody.Unreadable:
                break;
            case (Plant.ConfirmsTooMuch, 'd'):
                spoiled.Put(key, Exaggerate(ReceiptBook.Decode(value)).Encode());
                break;
            case (Plant.DoublesItems, 't'):
                spoiled.Put(key, value);
                spoiled.Put(Neighbour(key, 1), (byte[])value.Clone());
                break;
            case (Plant.SwapsItems, 't'):
                spoiled.Put(Neighbour(key, key[^1] % 2 == 0 ? 1 : -1), value);
                break;
            // By its id a message is found where it stands.
            case (Plant.SwapsItems, 'i'):
                spoiled.Put(key, Neighbour(value, value[^1] % 2 == 0 ? 1 : -1));
                break;
            default:
                spoiled.Put(key, value);
                break;
        }
    }

    private static ReceiptBook Exaggerate(ReceiptBook book) => book with
    {
        Others = book.Others.SetItems(book.Others.Select(static other => KeyValuePair.Create(
            other.Key, other.Value.Delivered.IsEmpty ? other.Value : other.Value.After(other.Value.Delivered[^1].To + 3, since: null, other.Value.ReadUpTo + 3)))),
    };

    private static byte[] Neighbour(byte[] key, int by)
    {
        byte[] next = (byte[])key.Clone();
        next[^1] = (byte)(next[^1] + by);
        return next;
    }
}
