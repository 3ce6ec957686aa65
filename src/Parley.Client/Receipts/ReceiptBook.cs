using System.Collections.Immutable;
using System.Text;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Receipts;

/// <summary>
/// What is known in one conversation of who has got and read what, in orders of this device's timeline. Stored apart from what changes with
/// every message: a receipt stands for many, and this is written once for each.
/// </summary>
internal sealed record ReceiptBook
{
    public static readonly ReceiptBook Empty = new();

    private const int PeopleMax = 1024;

    /// <summary>The order up to which one's own account has told the others what it has.</summary>
    public long Announced { get; init; }

    /// <summary>The order up to which it has told them what it has read.</summary>
    public long AnnouncedRead { get; init; }

    /// <summary>The order of the last item that may stand in the place of a message which this device does not have; 0 if there is none.</summary>
    public long BrokenAt { get; init; }

    /// <summary>The order after which this device is there: of what stands before nothing is known.</summary>
    public long EnteredAt { get; init; }

    /// <summary>The others' marks, by handle.</summary>
    public ImmutableSortedDictionary<string, ReceiptMarks> Others { get; init; } = ImmutableSortedDictionary.Create<string, ReceiptMarks>(StringComparer.Ordinal);

    /// <summary>Somebody has come in after the item of this order.</summary>
    public ReceiptBook With(Handle handle, long since) => this with { Others = Others.SetItem(handle.Value, new ReceiptMarks(since, [], ReadUpTo: 0)) };

    /// <summary>What somebody has confirmed.</summary>
    public ReceiptMarks Of(string handle) => Others.GetValueOrDefault(handle) ?? new ReceiptMarks(EnteredAt, [], ReadUpTo: 0);

    /// <summary>How far a message of one's own at this order is, to those who could get it.</summary>
    public DeliveryState StateOf(long order, IEnumerable<string> others)
    {
        bool isConcerned = false;
        bool isRead = true;
        foreach (string other in others)
        {
            ReceiptMarks marks = Of(other);
            if (marks.Since >= order)
                continue;
            isConcerned = true;
            if (!marks.Covers(order))
                return DeliveryState.Sent;
            isRead &= marks.ReadUpTo >= order;
        }

        if (!isConcerned)
            return DeliveryState.Sent;
        return isRead ? DeliveryState.Read : DeliveryState.Delivered;
    }

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteUInt64((ulong)Announced);
        writer.WriteUInt64((ulong)AnnouncedRead);
        writer.WriteUInt64((ulong)BrokenAt);
        writer.WriteUInt64((ulong)EnteredAt);
        writer.WriteVectorOf(Others, static (w, other) =>
        {
            w.WriteVector(Encoding.ASCII.GetBytes(other.Key));
            other.Value.Write(w);
        });
        return writer.ToArray();
    }

    public static ReceiptBook Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        var book = new ReceiptBook
        {
            Announced = (long)reader.ReadUInt64(),
            AnnouncedRead = (long)reader.ReadUInt64(),
            BrokenAt = (long)reader.ReadUInt64(),
            EnteredAt = (long)reader.ReadUInt64(),
            Others = Empty.Others.AddRange(reader.ReadVectorOf(static r => KeyValuePair.Create(Encoding.ASCII.GetString(r.ReadVector().Span), ReceiptMarks.Read(r)), PeopleMax)),
        };
        return reader.Finish() ? book : throw new InvalidDataException("Stored receipts are damaged.");
    }
}

/// <summary>What one person has confirmed.</summary>
/// <param name="Since">The order after which the person is there: what stands before was not for them.</param>
/// <param name="Delivered">The stretches that at least one of their devices has, ascending and apart.</param>
/// <param name="ReadUpTo">The order up to which they have read what they have.</param>
internal sealed record ReceiptMarks(long Since, ImmutableArray<Stretch> Delivered, long ReadUpTo)
{
    // Whose devices miss more than so many stretches: the first ones are forgotten, and what stands there counts as not confirmed.
    private const int StretchesMax = 16;

    /// <summary>Whether one of the person's devices has the message at an order.</summary>
    public bool Covers(long order) => Delivered.Any(stretch => stretch.From <= order && order <= stretch.To);

    /// <summary>
    /// The marks after a receipt. One that says nothing of a gap goes on where the last one ended: whichever device sent that, this one has
    /// all since its own last receipt, which came no later.
    /// </summary>
    public ReceiptMarks After(long delivered, long? since, long? read)
    {
        long end = Delivered.IsEmpty ? Since : Delivered[^1].To;
        ImmutableArray<Stretch> stretches = Delivered;
        if (delivered > end)
        {
            bool isUnbroken = since is null || since <= end + 1;
            stretches = isUnbroken && !stretches.IsEmpty
                ? stretches.SetItem(stretches.Length - 1, stretches[^1] with { To = delivered })
                : stretches.Add(new Stretch(isUnbroken ? end + 1 : since ?? delivered, delivered));
            if (stretches.Length > StretchesMax)
                stretches = stretches.RemoveAt(0);
        }

        return this with { Delivered = stretches, ReadUpTo = Math.Max(ReadUpTo, read ?? 0) };
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt64((ulong)Since);
        writer.WriteVectorOf(Delivered, static (w, stretch) =>
        {
            w.WriteUInt64((ulong)stretch.From);
            w.WriteUInt64((ulong)stretch.To);
        });
        writer.WriteUInt64((ulong)ReadUpTo);
    }

    public static ReceiptMarks Read(TlsReader reader) => new(
        (long)reader.ReadUInt64(), reader.ReadVectorOf(static r => new Stretch((long)r.ReadUInt64(), (long)r.ReadUInt64()), StretchesMax), (long)reader.ReadUInt64());
}

/// <summary>A stretch of a timeline, both ends in it.</summary>
internal readonly record struct Stretch(long From, long To);
