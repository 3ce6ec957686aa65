using Parley.Sodium;

namespace Parley.Mls.Tests.Crypto;

/// <summary>What of Parley.Sodium no vector file reaches.</summary>
public sealed class SodiumTests
{
    [Fact]
    public void Wrong_lengths_are_refused_before_native_code_sees_them()
    {
        byte[] exact = new byte[32];
        byte[] shorter = new byte[31];
        Assert.Throws<ArgumentException>(() => Ed25519.DerivePublicKey(shorter, exact));
        Assert.Throws<ArgumentException>(() => Ed25519.DerivePublicKey(exact, shorter));
        Assert.Throws<ArgumentException>(() => Ed25519.Sign(shorter, exact, [], new byte[64]));
        Assert.Throws<ArgumentException>(() => Ed25519.Sign(exact, shorter, [], new byte[64]));
        Assert.Throws<ArgumentException>(() => Ed25519.Sign(exact, exact, [], new byte[63]));
        Assert.Throws<ArgumentException>(() => X25519.DerivePublicKey(shorter, exact));
        Assert.Throws<ArgumentException>(() => X25519.DerivePublicKey(exact, shorter));
        Assert.Throws<ArgumentException>(() => X25519.TryAgree(shorter, exact, exact));
        Assert.Throws<ArgumentException>(() => X25519.TryAgree(exact, shorter, exact));
        Assert.Throws<ArgumentException>(() => X25519.TryAgree(exact, exact, shorter));
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305.Seal(shorter, new byte[12], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305.Seal(exact, new byte[11], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305.Seal(exact, new byte[12], [], [], new byte[15]));
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305.TryOpen(exact, new byte[12], [], new byte[15], []));
        Assert.Throws<ArgumentException>(() => XWing.DerivePublicKey(shorter, new byte[1216]));
        Assert.Throws<ArgumentException>(() => XWing.DerivePublicKey(exact, new byte[1215]));
        Assert.Throws<ArgumentException>(() => XWing.TryEncapsulate(new byte[1215], new byte[64], new byte[1120], exact));
        Assert.Throws<ArgumentException>(() => XWing.TryEncapsulate(new byte[1216], new byte[63], new byte[1120], exact));
        Assert.Throws<ArgumentException>(() => XWing.TryEncapsulate(new byte[1216], new byte[64], new byte[1119], exact));
        Assert.Throws<ArgumentException>(() => XWing.TryEncapsulate(new byte[1216], new byte[64], new byte[1120], shorter));
        Assert.Throws<ArgumentException>(() => XWing.TryDecapsulate(shorter, new byte[1120], exact));
        Assert.Throws<ArgumentException>(() => XWing.TryDecapsulate(exact, new byte[1119], exact));
        Assert.Throws<ArgumentException>(() => XWing.TryDecapsulate(exact, new byte[1120], shorter));
    }

    [Fact]
    public async Task Native_code_is_initialised_once_for_all_threads()
    {
        byte[] seed = new byte[32];
        byte[][] keys = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
        {
            byte[] publicKey = new byte[32];
            Ed25519.DerivePublicKey(seed, publicKey);
            return publicKey;
        })));
        // RFC 8032's curve, the all-zero seed.
        Assert.All(keys, key => Assert.Equal("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29", Convert.ToHexStringLower(key)));
    }
}
