using Parley.Mls.Crypto;

namespace Parley.Mls.Tests.Crypto;

/// <summary>What <see cref="ICryptoProvider"/> promises of KEMs that are primitives of their own, beyond what the vectors show, on every provider.</summary>
public sealed class EncapsulationTests
{
    private const int MlKemPublicKeyBytes = 1184;
    private const int MlKemCiphertextBytes = 1088;

    public static TheoryData<TestProvider, KemAlgorithm> Kems { get; } = TestProviders.Rows<KemAlgorithm>(
        static (crypto, kem) => kem.Parameters.Hash is null && crypto.Supports(kem));

    [Theory]
    [MemberData(nameof(Kems))]
    public void Each_encapsulation_gives_both_sides_a_secret_of_its_own(TestProvider provider, KemAlgorithm kem)
    {
        var test = new Pair(provider, kem);
        (byte[] first, byte[] firstSecret) = test.Encapsulate();
        (byte[] second, byte[] secondSecret) = test.Encapsulate();
        Assert.Equal(firstSecret, test.Decapsulate(first));
        Assert.Equal(secondSecret, test.Decapsulate(second));
        Assert.NotEqual(first, second);
        Assert.NotEqual(firstSecret, secondSecret);
    }

    [Theory]
    [MemberData(nameof(Kems))]
    public void An_encapsulation_follows_from_its_randomness(TestProvider provider, KemAlgorithm kem)
    {
        var test = new Pair(provider, kem);
        byte[] randomness = [.. Enumerable.Repeat((byte)9, kem.Parameters.RandomBytes)];
        Assert.Equal(test.Encapsulate(randomness).Output, test.Encapsulate(randomness).Output);
        Assert.NotEqual(test.Encapsulate(randomness).Output, test.Encapsulate().Output);
    }

    /// <summary>FIPS 203 §7.2: coefficients of 12 bits, each less than 3329.</summary>
    [Theory]
    [MemberData(nameof(Kems))]
    public void A_public_key_with_a_coefficient_that_is_not_reduced_is_refused(TestProvider provider, KemAlgorithm kem)
    {
        var test = new Pair(provider, kem);
        byte[] publicKey = [.. test.PublicKey];
        (publicKey[0], publicKey[1]) = (0x00, (byte)((publicKey[1] & 0xf0) | 0x0d)); // 3328, the greatest there is.
        Assert.True(test.TryEncapsulate(publicKey));
        publicKey[0] = 0x01; // 3329.
        Assert.False(test.TryEncapsulate(publicKey));
    }

    [Theory]
    [MemberData(nameof(Kems))]
    public void A_public_key_of_a_wrong_length_or_with_a_point_of_small_order_is_refused(TestProvider provider, KemAlgorithm kem)
    {
        var test = new Pair(provider, kem);
        Assert.False(test.TryEncapsulate([]));
        Assert.False(test.TryEncapsulate(test.PublicKey[1..]));
        Assert.False(test.TryEncapsulate([.. test.PublicKey, 0]));
        byte[] smallOrder = [.. test.PublicKey];
        smallOrder.AsSpan(MlKemPublicKeyBytes).Clear();
        Assert.False(test.TryEncapsulate(smallOrder));
    }

    /// <summary>FIPS 203 §6.3: ML-KEM rejects implicitly, by a secret that nobody else has and that is always the same.</summary>
    [Theory]
    [MemberData(nameof(Kems))]
    public void An_altered_output_gives_another_secret_and_always_the_same(TestProvider provider, KemAlgorithm kem)
    {
        var test = new Pair(provider, kem);
        (byte[] output, byte[] secret) = test.Encapsulate();
        foreach (int position in new[] { 0, MlKemCiphertextBytes - 1, MlKemCiphertextBytes, output.Length - 2 })
        {
            byte[] altered = [.. output];
            altered[position] ^= 1;
            byte[]? rejected = test.Decapsulate(altered);
            Assert.NotNull(rejected);
            Assert.NotEqual(secret, rejected);
            Assert.Equal(rejected, test.Decapsulate(altered));
        }

        Assert.NotEqual(secret, new Pair(provider, kem).Decapsulate(output));
    }

    [Theory]
    [MemberData(nameof(Kems))]
    public void An_output_of_a_wrong_length_or_with_a_point_of_small_order_is_refused(TestProvider provider, KemAlgorithm kem)
    {
        var test = new Pair(provider, kem);
        (byte[] output, _) = test.Encapsulate();
        Assert.Null(test.Decapsulate([]));
        Assert.Null(test.Decapsulate(output[1..]));
        Assert.Null(test.Decapsulate([.. output, 0]));
        output.AsSpan(MlKemCiphertextBytes).Clear();
        Assert.Null(test.Decapsulate(output));
    }

    [Theory]
    [MemberData(nameof(Kems))]
    public void Wrong_lengths_and_other_kinds_of_KEM_are_the_callers_mistake(TestProvider provider, KemAlgorithm kem)
    {
        ICryptoProvider crypto = provider.Create(RandomSource.System);
        byte[] publicKey = new Pair(provider, kem).PublicKey;
        byte[] output = new byte[kem.Parameters.KemOutputBytes];
        byte[] secret = new byte[kem.Parameters.SharedSecretBytes];
        Assert.Throws<ArgumentException>(() => crypto.TryDerivePublicKey(kem, new byte[31], publicKey));
        Assert.Throws<ArgumentException>(() => crypto.TryDerivePublicKey(kem, new byte[32], publicKey.AsSpan(1)));
        byte[] randomness = new byte[kem.Parameters.RandomBytes];
        Assert.Throws<ArgumentException>(() => crypto.TryEncapsulate(kem, publicKey, randomness.AsSpan(1), output, secret));
        Assert.Throws<ArgumentException>(() => crypto.TryEncapsulate(kem, publicKey, randomness, output.AsSpan(1), secret));
        Assert.Throws<ArgumentException>(() => crypto.TryEncapsulate(kem, publicKey, randomness, output, secret.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => crypto.TryDecapsulate(kem, new byte[31], output, secret));
        Assert.Throws<ArgumentException>(() => crypto.TryDecapsulate(kem, new byte[32], output, secret.AsSpan(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => crypto.TryAgree(kem, secret, publicKey, secret));
        Assert.Throws<ArgumentOutOfRangeException>(() => crypto.TryEncapsulate(KemAlgorithm.X25519, publicKey, randomness, output, secret));
        Assert.Throws<ArgumentOutOfRangeException>(() => crypto.TryDecapsulate(KemAlgorithm.X25519, secret, output, secret));
    }

    /// <summary>FIPS 202's example of no input, and the first bytes of a longer output.</summary>
    [Theory]
    [InlineData(TestProvider.Native)]
    [InlineData(TestProvider.BouncyCastle)]
    public void Shake256_of_nothing(TestProvider provider)
    {
        byte[] digest = new byte[32];
        byte[] longer = new byte[1000];
        provider.Create(RandomSource.System).Shake256([], digest);
        provider.Create(RandomSource.System).Shake256([], longer);
        Assert.Equal("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", Convert.ToHexStringLower(digest));
        Assert.Equal(digest, longer[..32]);
    }

    /// <summary>A key pair of one KEM on one provider.</summary>
    private sealed class Pair
    {
        private readonly ICryptoProvider _crypto;
        private readonly KemAlgorithm _kem;
        private readonly byte[] _privateKey;

        public Pair(TestProvider provider, KemAlgorithm kem)
        {
            _crypto = provider.Create(RandomSource.System);
            _kem = kem;
            using HpkeKeyPair keys = Kem.Create(_crypto, kem).GenerateKeyPair();
            _privateKey = keys.PrivateKey.AsSpan().ToArray();
            PublicKey = keys.PublicKey;
        }

        public byte[] PublicKey { get; }

        public bool TryEncapsulate(byte[] publicKey) => _crypto.TryEncapsulate(
            _kem, publicKey, new byte[_kem.Parameters.RandomBytes], new byte[_kem.Parameters.KemOutputBytes], new byte[_kem.Parameters.SharedSecretBytes]);

        public (byte[] Output, byte[] Secret) Encapsulate()
        {
            byte[] randomness = new byte[_kem.Parameters.RandomBytes];
            _crypto.FillRandom(randomness);
            return Encapsulate(randomness);
        }

        public (byte[] Output, byte[] Secret) Encapsulate(byte[] randomness)
        {
            byte[] output = new byte[_kem.Parameters.KemOutputBytes];
            byte[] secret = new byte[_kem.Parameters.SharedSecretBytes];
            Assert.True(_crypto.TryEncapsulate(_kem, PublicKey, randomness, output, secret));
            return (output, secret);
        }

        public byte[]? Decapsulate(byte[] output)
        {
            byte[] secret = new byte[_kem.Parameters.SharedSecretBytes];
            return _crypto.TryDecapsulate(_kem, _privateKey, output, secret) ? secret : null;
        }
    }
}
