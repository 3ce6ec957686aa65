using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Native;
using HashAlgorithm = Parley.Mls.Crypto.HashAlgorithm;

namespace Parley.Mls.Tests.Crypto;

/// <summary>What <see cref="ICryptoProvider"/> promises beyond the values that Wycheproof checks, on every provider.</summary>
public sealed class CryptoProviderTests
{
    public static TheoryData<TestProvider, KemAlgorithm> Groups { get; } = TestProviders.Rows<KemAlgorithm>(
        static (crypto, kem) => kem.Parameters.Hash is not null && crypto.Supports(kem));

    public static TheoryData<TestProvider, KemAlgorithm> NistGroups { get; } = TestProviders.Rows<KemAlgorithm>(
        static (crypto, kem) => kem is KemAlgorithm.P256 or KemAlgorithm.P384 or KemAlgorithm.P521 && crypto.Supports(kem));

    public static TheoryData<TestProvider, SignatureAlgorithm> SignatureAlgorithms { get; } = TestProviders.Rows<SignatureAlgorithm>(
        static (crypto, signature) => crypto.Supports(signature));

    public static TheoryData<TestProvider, AeadAlgorithm> Aeads { get; } = TestProviders.Rows<AeadAlgorithm>(
        static (crypto, aead) => crypto.Supports(aead));

    public static TheoryData<TestProvider, HashAlgorithm> Hashes { get; } = TestProviders.Rows<HashAlgorithm>(static (_, _) => true);

    [Theory]
    [MemberData(nameof(NistGroups))]
    public void A_scalar_is_in_range_from_one_up_to_the_order(TestProvider provider, KemAlgorithm kem)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] order = OrderOf(kem);
        byte[] publicKey = new byte[kem.Parameters.PublicKeyBytes];
        byte[] scalar = new byte[kem.Parameters.PrivateKeyBytes];

        Assert.False(crypto.TryDerivePublicKey(kem, scalar, publicKey));
        scalar[^1] = 1;
        Assert.True(crypto.TryDerivePublicKey(kem, scalar, publicKey));
        byte[] generator = [.. publicKey];

        Assert.False(crypto.TryDerivePublicKey(kem, order, publicKey));
        order[^1]--;
        Assert.True(crypto.TryDerivePublicKey(kem, order, publicKey));
        // The last scalar gives the generator's negative, which has the same x-coordinate and another y.
        Assert.Equal(generator[..(1 + kem.Parameters.PrivateKeyBytes)], publicKey[..(1 + kem.Parameters.PrivateKeyBytes)]);
        Assert.NotEqual(generator, publicKey);

        scalar.AsSpan().Fill(0xff);
        Assert.False(crypto.TryDerivePublicKey(kem, scalar, publicKey));
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Both_sides_agree_on_a_secret(TestProvider provider, KemAlgorithm kem)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        (byte[] ownPrivate, byte[] ownPublic) = KeyPair(crypto, kem);
        (byte[] peerPrivate, byte[] peerPublic) = KeyPair(crypto, kem);
        byte[] own = new byte[kem.Parameters.PrivateKeyBytes];
        byte[] peer = new byte[kem.Parameters.PrivateKeyBytes];
        Assert.True(crypto.TryAgree(kem, ownPrivate, peerPublic, own));
        Assert.True(crypto.TryAgree(kem, peerPrivate, ownPublic, peer));
        Assert.Equal(own, peer);
        Assert.NotEqual(new byte[own.Length], own);
    }

    [Theory]
    [MemberData(nameof(NistGroups))]
    public void A_point_that_is_not_on_the_curve_or_not_uncompressed_is_refused(TestProvider provider, KemAlgorithm kem)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        (byte[] privateKey, byte[] publicKey) = KeyPair(crypto, kem);
        byte[] shared = new byte[kem.Parameters.PrivateKeyBytes];
        byte[] offCurve = [.. publicKey];
        offCurve[^1] ^= 1;
        byte[] outOfField = [.. publicKey];
        outOfField.AsSpan(1).Fill(0xff);
        byte[] hybrid = [.. publicKey];
        hybrid[0] = (byte)(0x06 | (publicKey[^1] & 1));
        byte[] compressed = [(byte)(0x02 | (publicKey[^1] & 1)), .. publicKey[1..(1 + kem.Parameters.PrivateKeyBytes)]];
        byte[] infinity = [0];
        foreach (byte[] malformed in new[] { offCurve, outOfField, hybrid, compressed, infinity })
            Assert.False(crypto.TryAgree(kem, privateKey, malformed, shared));
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void A_peers_key_of_a_wrong_length_or_of_zeros_is_refused(TestProvider provider, KemAlgorithm kem)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        (byte[] privateKey, byte[] publicKey) = KeyPair(crypto, kem);
        byte[] shared = new byte[kem.Parameters.PrivateKeyBytes];
        Assert.False(crypto.TryAgree(kem, privateKey, [], shared));
        Assert.False(crypto.TryAgree(kem, privateKey, publicKey.AsSpan(1), shared));
        Assert.False(crypto.TryAgree(kem, privateKey, [.. publicKey, 0], shared));
        Assert.False(crypto.TryAgree(kem, privateKey, new byte[publicKey.Length], shared));
    }

    [Theory]
    [MemberData(nameof(SignatureAlgorithms))]
    public void A_signature_holds_for_its_key_and_content_only(TestProvider provider, SignatureAlgorithm algorithm)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        (Secret privateKey, byte[] publicKey) = crypto.GenerateSignatureKeyPair(algorithm);
        (Secret otherPrivateKey, byte[] otherKey) = crypto.GenerateSignatureKeyPair(algorithm);
        byte[] content = [1, 2, 3];
        byte[] signature = crypto.Sign(algorithm, privateKey.AsSpan(), publicKey, content);
        Assert.True(crypto.Verify(algorithm, publicKey, content, signature));
        Assert.False(crypto.Verify(algorithm, otherKey, content, signature));
        Assert.False(crypto.Verify(algorithm, publicKey, [1, 2], signature));
        for (int i = 0; i < signature.Length; i++)
        {
            byte[] altered = [.. signature];
            altered[i] ^= 1;
            Assert.False(crypto.Verify(algorithm, publicKey, content, altered));
            Assert.False(crypto.Verify(algorithm, publicKey, content, signature.AsSpan(0, i)));
        }

        Assert.False(crypto.Verify(algorithm, publicKey, content, [.. signature, 0]));
        Assert.False(crypto.Verify(algorithm, publicKey.AsSpan(1), content, signature));
        Assert.False(crypto.Verify(algorithm, [], content, signature));
        Assert.False(crypto.Verify(algorithm, new byte[publicKey.Length], content, signature));
        privateKey.Dispose();
        otherPrivateKey.Dispose();
    }

    [Theory]
    [MemberData(nameof(SignatureAlgorithms))]
    public void Signature_keys_come_from_the_injected_randomness(TestProvider provider, SignatureAlgorithm algorithm)
    {
        byte[] seed = [.. Enumerable.Range(1, PrivateKeyBytes(algorithm)).Select(i => (byte)i)];
        (Secret first, byte[] firstPublic) = provider.Create(new FixedRandomSource(seed)).GenerateSignatureKeyPair(algorithm);
        (Secret second, byte[] secondPublic) = provider.Create(new FixedRandomSource(seed)).GenerateSignatureKeyPair(algorithm);
        Assert.Equal(first.AsSpan(), second.AsSpan());
        Assert.Equal(firstPublic, secondPublic);
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public void Randomness_that_never_gives_a_key_ends_in_an_exception()
    {
        var provider = new NativeCryptoProvider(new ZeroRandomSource());
        Assert.Throws<CryptographicException>(() => provider.GenerateSignatureKeyPair(SignatureAlgorithm.EcdsaP256));
    }

    [Theory]
    [MemberData(nameof(Aeads))]
    public void Opening_what_was_altered_fails_and_leaves_zeros(TestProvider provider, AeadAlgorithm aead)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] key = new byte[aead.KeyBytes];
        byte[] nonce = new byte[12];
        byte[] plaintext = [1, 2, 3];
        byte[] ciphertext = new byte[19];
        crypto.Seal(aead, key, nonce, [9], plaintext, ciphertext);
        byte[] opened = new byte[3];
        Assert.True(crypto.TryOpen(aead, key, nonce, [9], ciphertext, opened));
        Assert.Equal(plaintext, opened);
        Assert.False(crypto.TryOpen(aead, key, nonce, [8], ciphertext, opened));
        for (int i = 0; i < ciphertext.Length; i++)
        {
            byte[] altered = [.. ciphertext];
            altered[i] ^= 0x80;
            opened.AsSpan().Fill(7);
            Assert.False(crypto.TryOpen(aead, key, nonce, [9], altered, opened));
            Assert.Equal(new byte[3], opened);
        }
    }

    [Theory]
    [MemberData(nameof(Aeads))]
    public void An_empty_plaintext_is_authenticated(TestProvider provider, AeadAlgorithm aead)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] key = new byte[aead.KeyBytes];
        byte[] nonce = new byte[12];
        byte[] tag = new byte[16];
        crypto.Seal(aead, key, nonce, [], [], tag);
        Assert.True(crypto.TryOpen(aead, key, nonce, [], tag, []));
        Assert.False(crypto.TryOpen(aead, key, nonce, [1], tag, []));
    }

    [Theory]
    [MemberData(nameof(Aeads))]
    public void Wrong_lengths_of_an_aead_are_the_callers_mistake(TestProvider provider, AeadAlgorithm aead)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] key = new byte[aead.KeyBytes];
        byte[] nonce = new byte[12];
        Assert.Throws<ArgumentException>(() => crypto.Seal(aead, key.AsSpan(1), nonce, [], [1], new byte[17]));
        Assert.Throws<ArgumentException>(() => crypto.Seal(aead, key, nonce.AsSpan(1), [], [1], new byte[17]));
        Assert.Throws<ArgumentException>(() => crypto.Seal(aead, key, new byte[16], [], [1], new byte[17]));
        Assert.Throws<ArgumentException>(() => crypto.Seal(aead, key, nonce, [], [1], new byte[16]));
        Assert.Throws<ArgumentException>(() => crypto.TryOpen(aead, key, nonce, [], new byte[15], []));
        Assert.Throws<ArgumentException>(() => crypto.TryOpen(aead, key, nonce.AsSpan(1), [], new byte[17], new byte[1]));
        Assert.Throws<ArgumentException>(() => crypto.TryOpen(aead, key, nonce, [], new byte[17], new byte[2]));
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Wrong_lengths_of_a_private_key_are_the_callers_mistake(TestProvider provider, KemAlgorithm kem)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        (byte[] privateKey, byte[] publicKey) = KeyPair(crypto, kem);
        byte[] shared = new byte[kem.Parameters.PrivateKeyBytes];
        Assert.Throws<ArgumentException>(() => crypto.TryDerivePublicKey(kem, privateKey.AsSpan(1), publicKey));
        Assert.Throws<ArgumentException>(() => crypto.TryDerivePublicKey(kem, privateKey, publicKey.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => crypto.TryAgree(kem, privateKey.AsSpan(1), publicKey, shared));
        Assert.Throws<ArgumentException>(() => crypto.TryAgree(kem, privateKey, publicKey, shared.AsSpan(1)));
    }

    [Theory]
    [MemberData(nameof(Hashes))]
    public void Wrong_lengths_of_a_digest_are_the_callers_mistake(TestProvider provider, HashAlgorithm hash)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] digest = new byte[hash.DigestBytes + 1];
        Assert.Throws<ArgumentException>(() => crypto.Hash(hash, [1], digest));
        Assert.Throws<ArgumentException>(() => crypto.Hmac(hash, [1], [1], digest));
        Assert.Throws<ArgumentException>(() => crypto.HkdfExpand(hash, digest.AsSpan(2), [1], digest));
    }

    /// <summary>The platform's HKDF is compared where it works: OpenSSL 3 refuses an info of a few KiB, such as a large GroupContext.</summary>
    [Theory]
    [MemberData(nameof(Hashes))]
    public void Hkdf_takes_the_longest_output_and_any_info(TestProvider provider, HashAlgorithm hash)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] key = [.. Enumerable.Repeat((byte)7, hash.DigestBytes)];
        byte[] output = new byte[255 * hash.DigestBytes];
        crypto.HkdfExpand(hash, key, [1, 2, 3], output);
        var name = new HashAlgorithmName($"SHA{8 * hash.DigestBytes}");
        Assert.Equal(HKDF.Expand(name, key, output.Length, [1, 2, 3]), output);

        byte[] info = new byte[100_000];
        byte[] oneBlock = new byte[hash.DigestBytes];
        crypto.HkdfExpand(hash, key, info, oneBlock);
        Assert.Equal(CryptographicOperations.HmacData(name, key, (byte[])[.. info, 1]), oneBlock);
        crypto.HkdfExpand(hash, key, info, []);
    }

    [Theory]
    [InlineData(HashAlgorithm.Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(HashAlgorithm.Sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")]
    [InlineData(HashAlgorithm.Sha512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")]
    public void Hash_of_abc(HashAlgorithm hash, string expected)
    {
        foreach (TestProvider provider in Enum.GetValues<TestProvider>())
        {
            byte[] digest = new byte[hash.DigestBytes];
            provider.Create(RandomSource.System).Hash(hash, "abc"u8, digest);
            Assert.Equal(expected, Convert.ToHexStringLower(digest));
        }
    }

    private static (byte[] PrivateKey, byte[] PublicKey) KeyPair(ICryptoProvider crypto, KemAlgorithm kem)
    {
        using HpkeKeyPair keys = Kem.Create(crypto, kem).GenerateKeyPair();
        return (keys.PrivateKey.AsSpan().ToArray(), keys.PublicKey);
    }

    private static int PrivateKeyBytes(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.Ed25519 or SignatureAlgorithm.EcdsaP256 => 32,
        SignatureAlgorithm.EcdsaP384 => 48,
        SignatureAlgorithm.EcdsaP521 => 66,
        SignatureAlgorithm.Ed448 => 57,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };

    /// <summary>The order as the platform knows it, not as the provider wrote it down.</summary>
    private static byte[] OrderOf(KemAlgorithm kem)
    {
        using ECDsa key = ECDsa.Create(kem switch
        {
            KemAlgorithm.P256 => ECCurve.NamedCurves.nistP256,
            KemAlgorithm.P384 => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        });
        byte[]? order = key.ExportExplicitParameters(includePrivateParameters: false).Curve.Order;
        Assert.NotNull(order);
        return order;
    }

    private sealed class ZeroRandomSource : RandomSource
    {
        public override void Fill(Span<byte> bytes) => bytes.Clear();
    }
}
