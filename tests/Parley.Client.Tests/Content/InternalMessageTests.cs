using CsCheck;
using Parley.Client.Content;
using Parley.Client.History;
using Parley.Contracts.Identity;

namespace Parley.Client.Tests.Content;

/// <summary>What programs say to each other: read back as it was written, and harmless whatever it is.</summary>
public sealed class InternalMessageTests
{
    private static readonly byte[] Sixteen = [.. Enumerable.Range(0, 16).Select(static i => (byte)i)];

    public static TheoryData<int> Kinds => [0, 1, 2, 3];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_is_read_as_it_was_written(int kind)
    {
        byte[] encoded = Sample(kind).Encode();
        InternalMessage? read = InternalMessage.TryDecode(encoded);
        Assert.NotNull(read);
        Assert.IsType(Sample(kind).GetType(), read);
        Assert.Equal(encoded, read.Encode());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_that_is_cut_or_goes_on_is_none(int kind)
    {
        byte[] encoded = Sample(kind).Encode();
        for (int length = 0; length < encoded.Length; length++)
            Assert.Null(InternalMessage.TryDecode(encoded.AsMemory(0, length)));
        Assert.Null(InternalMessage.TryDecode(new byte[] { 0 }.Concat(encoded).ToArray()));
        Assert.Null(InternalMessage.TryDecode(encoded.Append((byte)0).ToArray()));
    }

    [Fact]
    public void Random_bytes_are_read_without_an_exception() => Gen.Byte.Array[0, 200].Sample(static bytes =>
    {
        for (byte tag = 0; tag < 8; tag++)
        {
            if (InternalMessage.TryDecode(new[] { tag }.Concat(bytes).ToArray()) is { } message)
                Assert.NotEmpty(message.Encode());
        }
    });

    [Fact]
    public void A_part_is_opened_by_the_key_it_was_sealed_to_for_its_wish_alone()
    {
        HistoryRange range = Range();
        using var keys = HistorySeal.NewKeyPair(Engine.TestDevice.Crypto);
        using var others = HistorySeal.NewKeyPair(Engine.TestDevice.Crypto);
        var job = new HistoryJob(range, default, keys.PublicKey, DateTimeOffset.UnixEpoch);
        Assert.True(Handle.TryParse("bob", out Handle? bob));
        var item = new HistoryItem(3, DateTimeOffset.UnixEpoch, bob, HandedOverBy: null, "text"u8.ToArray());
        (byte[] kemOutput, byte[] ciphertext) = HistorySeal.Seal(Engine.TestDevice.Crypto, job, [item])!.Value; // The key is good.
        HistoryItem opened = Assert.Single(HistorySeal.Open(Engine.TestDevice.Crypto, range, keys, kemOutput, ciphertext)!.Value); // It was sealed to it.
        Assert.Equal("text"u8, opened.Mimi.Span);
        Assert.Null(HistorySeal.Open(Engine.TestDevice.Crypto, range, others, kemOutput, ciphertext));
        Assert.Null(HistorySeal.Open(Engine.TestDevice.Crypto, range with { Id = new byte[16] }, keys, kemOutput, ciphertext));
        ciphertext[^1] ^= 1;
        Assert.Null(HistorySeal.Open(Engine.TestDevice.Crypto, range, keys, kemOutput, ciphertext));
    }

    private static InternalMessage Sample(int kind) => kind switch
    {
        0 => new InternalMessage.State([new StateEntry("r/1", 7, "value"u8.ToArray()), new StateEntry("t/1", 0, default)]),
        1 => new InternalMessage.Wishes([new Wish(Range().Conversation, "key package"u8.ToArray())]),
        2 => new InternalMessage.Ask(Range(), "key"u8.ToArray()),
        _ => new InternalMessage.HandOver(Sixteen, 5, 6, IsLast: true, "kem"u8.ToArray(), "ciphertext"u8.ToArray()),
    };

    private static HistoryRange Range() =>
        ConversationId.TryParse(Sixteen, out ConversationId conversation) ? new HistoryRange(Sixteen, conversation, 1, 9) : throw new InvalidOperationException("16 bytes are an id.");
}
