using System.Security.Cryptography;
using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Tests.Vectors;
using HashAlgorithm = Parley.Mls.Crypto.HashAlgorithm;

namespace Parley.Mls.Tests.Crypto;

/// <summary>RFC 9180 §7.1.3: how key pairs are derived where the first candidate is none, which no vector reaches.</summary>
public sealed class KemTests
{
    private static readonly byte[] Material = [1, 2, 3];

    [Theory]
    [InlineData(KemAlgorithm.P256)]
    [InlineData(KemAlgorithm.P384)]
    [InlineData(KemAlgorithm.P521)]
    public void A_candidate_that_is_out_of_range_is_followed_by_the_next(KemAlgorithm kem)
    {
        using HpkeKeyPair keys = Kem.Create(new RefusingCryptoProvider(Suites.Provider, refusals: 2), kem).DeriveKeyPair(Material);
        Assert.Equal(Candidate(kem, counter: 2), keys.PrivateKey.AsSpan().ToArray());
        using HpkeKeyPair? again = Kem.Create(Suites.Provider, kem).ImportKeyPair(keys.PrivateKey.AsSpan());
        Assert.Equal(again?.PublicKey, keys.PublicKey);
    }

    [Theory]
    [InlineData(KemAlgorithm.P256)]
    [InlineData(KemAlgorithm.P521)]
    public void After_256_candidates_there_is_no_key_pair(KemAlgorithm kem)
    {
        using HpkeKeyPair last = Kem.Create(new RefusingCryptoProvider(Suites.Provider, refusals: 255), kem).DeriveKeyPair(Material);
        Assert.Equal(Candidate(kem, counter: 255), last.PrivateKey.AsSpan().ToArray());
        Assert.Throws<CryptographicException>(() => Kem.Create(new RefusingCryptoProvider(Suites.Provider, refusals: 256), kem).DeriveKeyPair(Material));
    }

    [Theory]
    [InlineData(KemAlgorithm.X25519)]
    [InlineData(KemAlgorithm.X448)]
    [InlineData(KemAlgorithm.XWing)]
    public void Where_every_string_is_a_private_key_there_is_one_candidate(KemAlgorithm kem) =>
        Assert.Throws<CryptographicException>(() => Kem.Create(new RefusingCryptoProvider(Suites.Provider, refusals: 1), kem).DeriveKeyPair(Material));

    /// <summary><c>bytes</c> of RFC 9180 §7.1.3, written straight from the RFC.</summary>
    private static byte[] Candidate(KemAlgorithm kem, byte counter)
    {
        HashAlgorithm hash = kem.Parameters.Hash!.Value; // Only groups are asked for.
        byte[] suiteId = [.. "KEM"u8, (byte)((int)kem >> 8), (byte)kem];
        byte[] prk = new byte[hash.DigestBytes];
        Suites.Provider.Hmac(hash, [], [.. "HPKE-v1"u8, .. suiteId, .. Encoding.ASCII.GetBytes("dkp_prk"), .. Material], prk);
        byte[] candidate = new byte[kem.Parameters.PrivateKeyBytes];
        Suites.Provider.HkdfExpand(
            hash, prk, [0, (byte)candidate.Length, .. "HPKE-v1"u8, .. suiteId, .. Encoding.ASCII.GetBytes("candidate"), counter], candidate);
        candidate[0] &= kem == KemAlgorithm.P521 ? (byte)0x01 : (byte)0xff;
        return candidate;
    }
}
