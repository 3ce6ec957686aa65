using CsCheck;
using Parley.Client.Receipts;
using Parley.Contracts.Identity;

namespace Parley.Client.Tests.Receipts;

public sealed class ReceiptBookTests
{
    private static readonly Gen<MessageId?> Id = Gen.OneOf(
        Gen.Const((MessageId?)null), Gen.Byte.Array[32].Select(static bytes => MessageId.TryParse(bytes, out MessageId id) ? (MessageId?)id : null));

    [Fact]
    public void A_receipt_is_read_as_it_was_written() => Gen.Select(Gen.Byte.Array[32], Id, Id).Sample(static (delivered, since, read) =>
    {
        Assert.True(MessageId.TryParse(delivered, out MessageId id));
        var receipt = new Receipt(id, since, read);
        Assert.True(Receipt.TryDecode(receipt.Encode(), out Receipt? decoded));
        Assert.Equal(receipt, decoded);
    });

    [Fact]
    public void Bytes_of_any_kind_are_refused_and_never_throw()
    {
        Assert.True(MessageId.TryParse(new byte[32], out MessageId id));
        byte[] valid = new Receipt(id, Since: null, id).Encode();
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            byte[] spoiled = [.. valid];
            spoiled[at] = value;
            if (Receipt.TryDecode(spoiled, out Receipt? receipt))
                Assert.Equal(spoiled, receipt.Encode());
        });
        Gen.Byte.Array[0, 80].Sample(static bytes => Assert.False(Receipt.TryDecode(bytes, out _)));
        Assert.False(Receipt.TryDecode(valid.AsMemory(0, valid.Length - 1), out _));
        Assert.False(Receipt.TryDecode((byte[])[.. valid, 0], out _));
        Assert.False(Receipt.TryDecode((byte[])[0x83, 0xF6, 0xF6, 0xF6], out _));
    }

    [Fact]
    public void A_receipt_goes_on_where_the_last_one_ended_unless_it_says_that_something_is_missing()
    {
        ReceiptMarks marks = new ReceiptMarks(Since: 0, [], ReadUpTo: 0).After(delivered: 4, since: null, read: null);
        Assert.True(marks.Covers(1) && marks.Covers(4) && !marks.Covers(5));
        marks = marks.After(delivered: 9, since: 7, read: 9);
        Assert.True(!marks.Covers(5) && !marks.Covers(6) && marks.Covers(7) && marks.Covers(9));
        marks = marks.After(delivered: 12, since: null, read: null);
        Assert.True(!marks.Covers(6) && marks.Covers(12));
        Assert.Equal(marks, marks.After(delivered: 8, since: null, read: 3));
        Assert.Equal(9, marks.ReadUpTo);
    }

    [Fact]
    public void However_many_gaps_are_claimed_what_is_kept_is_bounded_and_claims_no_more()
    {
        ReceiptMarks marks = new ReceiptMarks(Since: 0, [], ReadUpTo: 0);
        for (int i = 1; i <= 100; i++)
            marks = marks.After(delivered: i * 10, since: (i * 10) - 1, read: null);
        Assert.Equal(16, marks.Delivered.Length);
        Assert.True(marks.Covers(1000) && !marks.Covers(995) && !marks.Covers(10));
    }

    [Fact]
    public void What_is_stored_is_read_back()
    {
        Assert.True(Handle.TryParse("bob", out Handle? bob));
        ReceiptBook book = new ReceiptBook { Announced = 3, AnnouncedRead = 2, BrokenAt = 1 }.With(bob, since: 5);
        book = book with { Others = book.Others.SetItem("bob", book.Others["bob"].After(8, since: 7, read: 8)) };
        ReceiptBook stored = ReceiptBook.Decode(book.Encode());
        Assert.Equal((3, 2, 1), (stored.Announced, stored.AnnouncedRead, stored.BrokenAt));
        foreach ((long order, DeliveryState state) in (ReadOnlySpan<(long, DeliveryState)>)[(5, DeliveryState.Sent), (6, DeliveryState.Sent), (7, DeliveryState.Read), (8, DeliveryState.Read), (9, DeliveryState.Sent)])
            Assert.Equal(state, stored.StateOf(order, ["bob"]));
    }
}
