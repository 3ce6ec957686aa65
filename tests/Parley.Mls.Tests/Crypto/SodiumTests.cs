using Parley.Sodium;

namespace Parley.Mls.Tests.Crypto;

/// <summary>What of Parley.Sodium no vector file reaches.</summary>
public sealed class SodiumTests
{
    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    [Fact]
    public void XChaCha20Poly1305_gives_the_drafts_example()
    {
        byte[] plaintext = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."u8.ToArray();
        byte[] associatedData = Convert.FromHexString("50515253c0c1c2c3c4c5c6c7");
        byte[] key = Convert.FromHexString("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
        byte[] nonce = Convert.FromHexString("404142434445464748494a4b4c4d4e4f5051525354555657");
        byte[] ciphertext = new byte[plaintext.Length + XChaCha20Poly1305.TagBytes];
        XChaCha20Poly1305.Seal(key, nonce, associatedData, plaintext, ciphertext);
        Assert.Equal("c0875924c1c7987947deafd8780acf49", Convert.ToHexStringLower(ciphertext.AsSpan(plaintext.Length)));
        Assert.Equal("bd6d179d3e83d43b9576579493c0e939", Convert.ToHexStringLower(ciphertext.AsSpan(0, 16)));

        byte[] opened = new byte[plaintext.Length];
        Assert.True(XChaCha20Poly1305.TryOpen(key, nonce, associatedData, ciphertext, opened));
        Assert.Equal(plaintext, opened);
        ciphertext[0] ^= 1;
        Assert.False(XChaCha20Poly1305.TryOpen(key, nonce, associatedData, ciphertext, opened));
        Assert.Equal(new byte[plaintext.Length], opened);
    }

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
        Assert.Throws<ArgumentException>(() => XChaCha20Poly1305.Seal(shorter, new byte[24], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => XChaCha20Poly1305.Seal(exact, new byte[12], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => XChaCha20Poly1305.TryOpen(exact, new byte[24], [], new byte[15], []));
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
