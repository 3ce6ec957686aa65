using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Tests.Tree;

/// <summary>A decoded leaf keeps its bytes, and a leaf made from it by changing something has none to keep.</summary>
public sealed class LeafNodeTests
{
    private static readonly LeafNode Made = new(
        new byte[32], new byte[32], new Credential.Basic(new byte[20]), new Capabilities([ProtocolVersion.Mls10], [], [], [], []), new LeafNodeSource.Update(), [], new byte[64]);

    [Fact]
    public void What_is_signed_of_a_decoded_leaf_is_what_is_signed_of_the_leaf() =>
        Assert.Equal(Made.EncodeToBeSigned("group"u8, new LeafIndex(3)), Decoded().EncodeToBeSigned("group"u8, new LeafIndex(3)));

    [Fact]
    public void A_changed_copy_of_a_decoded_leaf_is_encoded_as_changed()
    {
        byte[] key = [.. Enumerable.Repeat((byte)7, 32)];
        Assert.Equal((Made with { EncryptionKey = key }).Encode(), (Decoded() with { EncryptionKey = key }).Encode());
        Assert.NotEqual(Made.Encode(), (Decoded() with { EncryptionKey = key }).Encode());
    }

    [Fact]
    public void A_lifetime_is_in_whole_seconds_since_1970()
    {
        DateTimeOffset begin = DateTimeOffset.UnixEpoch.AddSeconds(7.9);
        Assert.Equal(new Lifetime(7, 17), Lifetime.Between(begin, begin.AddSeconds(10)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Lifetime.Between(begin, begin.AddSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Lifetime.Between(begin.AddSeconds(-10), begin));
    }

    private static LeafNode Decoded()
    {
        Assert.True(Tls.TryDecode(Made.Encode(), out LeafNode? decoded, out _));
        return decoded;
    }
}
