using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Crypto;

/// <summary>
/// Wycheproof's attacks on the primitives. <c>valid</c> must work, <c>invalid</c> must be refused. What is <c>acceptable</c> is decided
/// here: a point in compressed form is refused, as MLS and HPKE have only uncompressed ones; a key of small order is refused on X25519
/// and X448, as RFC 9180 §7.1.4 asks, and every other unusual key of theirs works, as RFC 7748 asks.
/// </summary>
public sealed class WycheproofTests
{
    private static readonly ICryptoProvider Provider = Suites.Provider;

    [Theory]
    [InlineData("x25519", KemAlgorithm.X25519)]
    [InlineData("x448", KemAlgorithm.X448)]
    public void Montgomery_curves_do_what_the_vectors_say(string file, KemAlgorithm kem) => Run(file, (_, test) =>
    {
        byte[] expected = test.Hex("shared");
        byte[] shared = new byte[kem.Parameters.PrivateKeyBytes];
        bool agreed = Provider.TryAgree(kem, test.Hex("private"), test.Hex("public"), shared);
        bool isZero = !expected.AsSpan().ContainsAnyExcept((byte)0);
        Assert.Equal(!isZero, agreed);
        if (agreed)
            Assert.Equal(expected, shared);
        return null;
    });

    [Theory]
    [InlineData("ecdh_secp256r1_ecpoint", KemAlgorithm.P256)]
    [InlineData("ecdh_secp384r1_ecpoint", KemAlgorithm.P384)]
    [InlineData("ecdh_secp521r1_ecpoint", KemAlgorithm.P521)]
    public void Ecdh_does_what_the_vectors_say(string file, KemAlgorithm kem) => Run(file, (_, test) =>
    {
        byte[] shared = new byte[kem.Parameters.PrivateKeyBytes];
        bool agreed = Provider.TryAgree(kem, FixedWidth(test.Hex("private"), kem.Parameters.PrivateKeyBytes), test.Hex("public"), shared);
        Assert.Equal(IsValid(test), agreed);
        if (agreed)
            Assert.Equal(test.Hex("shared"), shared);
        return null;
    });

    [Theory]
    [InlineData("ed25519", SignatureAlgorithm.Ed25519, "pk")]
    [InlineData("ed448", SignatureAlgorithm.Ed448, "pk")]
    [InlineData("ecdsa_secp256r1_sha256", SignatureAlgorithm.EcdsaP256, "uncompressed")]
    [InlineData("ecdsa_secp384r1_sha384", SignatureAlgorithm.EcdsaP384, "uncompressed")]
    [InlineData("ecdsa_secp521r1_sha512", SignatureAlgorithm.EcdsaP521, "uncompressed")]
    public void Signatures_do_what_the_vectors_say(string file, SignatureAlgorithm algorithm, string keyMember) => Run(file, (group, test) =>
    {
        byte[] publicKey = group.GetProperty("publicKey").Hex(keyMember);
        Assert.Equal(IsValid(test), Provider.Verify(algorithm, publicKey, test.Hex("msg"), test.Hex("sig")));
        return null;
    });

    [Theory]
    [InlineData("aes_gcm", 128, AeadAlgorithm.Aes128Gcm)]
    [InlineData("aes_gcm", 256, AeadAlgorithm.Aes256Gcm)]
    [InlineData("chacha20_poly1305", 256, AeadAlgorithm.ChaCha20Poly1305)]
    public void Aead_does_what_the_vectors_say(string file, int keyBits, AeadAlgorithm algorithm) => Run(file, (group, test) =>
    {
        if (group.Int("keySize") != keyBits || group.Int("ivSize") != 96 || group.Int("tagSize") != 128)
            return $"not a key of {keyBits}, a nonce of 96 and a tag of 128 bits, as MLS has them";
        byte[] key = test.Hex("key");
        byte[] nonce = test.Hex("iv");
        byte[] associatedData = test.Hex("aad");
        byte[] message = test.Hex("msg");
        byte[] ciphertext = [.. test.Hex("ct"), .. test.Hex("tag")];
        byte[] opened = new byte[ciphertext.Length - AlgorithmParameters.AeadTagBytes];
        Assert.Equal(IsValid(test), Provider.TryOpen(algorithm, key, nonce, associatedData, ciphertext, opened));
        Assert.Equal(IsValid(test) ? message : new byte[opened.Length], opened);
        if (IsValid(test))
        {
            byte[] encrypted = new byte[ciphertext.Length];
            Provider.Seal(algorithm, key, nonce, associatedData, message, encrypted);
            Assert.Equal(ciphertext, encrypted);
        }

        return null;
    });

    [Theory]
    [InlineData("hkdf_sha256", HashAlgorithm.Sha256)]
    [InlineData("hkdf_sha384", HashAlgorithm.Sha384)]
    [InlineData("hkdf_sha512", HashAlgorithm.Sha512)]
    public void Hkdf_does_what_the_vectors_say(string file, HashAlgorithm hash) => Run(file, (_, test) =>
    {
        byte[] pseudorandomKey = new byte[hash.DigestBytes];
        Provider.Hmac(hash, test.Hex("salt"), test.Hex("ikm"), pseudorandomKey);
        byte[] output = new byte[test.Int("size")];
        if (IsValid(test))
        {
            Provider.HkdfExpand(hash, pseudorandomKey, test.Hex("info"), output);
            Assert.Equal(test.Hex("okm"), output);
        }
        else
        {
            Assert.ThrowsAny<ArgumentException>(() => Provider.HkdfExpand(hash, pseudorandomKey, test.Hex("info"), output));
        }

        return null;
    });

    [Theory]
    [InlineData("hmac_sha256", HashAlgorithm.Sha256)]
    [InlineData("hmac_sha384", HashAlgorithm.Sha384)]
    [InlineData("hmac_sha512", HashAlgorithm.Sha512)]
    public void Hmac_does_what_the_vectors_say(string file, HashAlgorithm hash) => Run(file, (group, test) =>
    {
        byte[] tag = new byte[hash.DigestBytes];
        Provider.Hmac(hash, test.Hex("key"), test.Hex("msg"), tag);
        Assert.Equal(IsValid(test), tag.AsSpan(0, group.Int("tagSize") / 8).SequenceEqual(test.Hex("tag")));
        return null;
    });

    [Fact]
    public void Ml_kem_key_pairs_are_those_of_the_vectors() => Run("mlkem_768_keygen_seed", (_, test) =>
    {
        (byte[] PublicKey, byte[] PrivateKey)? keys = MlKem768.KeyPair(test.Hex("seed"));
        Assert.Equal(IsValid(test), keys is not null);
        Assert.Equal(test.Hex("ek"), keys?.PublicKey);
        Assert.Equal(test.Hex("dk"), keys?.PrivateKey);
        return null;
    });

    [Fact]
    public void Ml_kem_encapsulates_to_the_keys_that_the_vectors_allow() => Run("mlkem_768_encaps", (_, test) =>
    {
        (byte[] Ciphertext, byte[] SharedSecret)? encapsulated = MlKem768.Encapsulate(test.Hex("ek"), test.Hex("m"));
        Assert.Equal(IsValid(test), encapsulated is not null);
        if (encapsulated is { } made)
        {
            Assert.Equal(test.Hex("c"), made.Ciphertext);
            Assert.Equal(test.Hex("K"), made.SharedSecret);
        }

        return null;
    });

    [Fact]
    public void Ml_kem_decapsulates_as_the_vectors_say() => Run("mlkem_768", (_, test) =>
    {
        (byte[] PublicKey, byte[] PrivateKey)? keys = MlKem768.KeyPair(test.Hex("seed"));
        byte[]? sharedSecret = keys is { } pair ? MlKem768.Decapsulate(pair.PrivateKey, test.Hex("c")) : null;
        Assert.Equal(IsValid(test), sharedSecret is not null);
        if (sharedSecret is not null)
            Assert.Equal(test.Hex("K"), sharedSecret);
        return null;
    });

    private static void Run(string file, Func<JsonElement, JsonElement, string?> runTest) =>
        VectorFiles.RunAll(
            "wycheproof",
            file + "_test",
            root => root.Items("testGroups").SelectMany(group => group.Items("tests").Select(test => (Group: group, Test: test))),
            pair => runTest(pair.Group, pair.Test));

    private static bool IsValid(JsonElement test) => test.Text("result") == "valid";

    /// <summary>Wycheproof writes scalars as signed numbers of any width.</summary>
    private static byte[] FixedWidth(byte[] number, int width)
    {
        ReadOnlySpan<byte> digits = number.AsSpan().TrimStart((byte)0);
        byte[] scalar = new byte[width];
        digits.CopyTo(scalar.AsSpan(width - digits.Length));
        return scalar;
    }
}
