using System.Collections.Immutable;
using Parley.Mls.Messages;

namespace Parley.Mls.Crypto;

/// <summary>RFC 9420 §17.1: the cipher suites, one row each, and the hybrid post-quantum one, which has no number of its own yet.</summary>
public static class CipherSuites
{
    /// <summary>Every suite there is here. A provider may support fewer.</summary>
    public static ImmutableArray<CipherSuiteParameters> All { get; } =
    [
        new(CipherSuite.X25519Aes128GcmSha256Ed25519,
            KemAlgorithm.X25519, HashAlgorithm.Sha256, AeadAlgorithm.Aes128Gcm, SignatureAlgorithm.Ed25519),
        new(CipherSuite.P256Aes128GcmSha256P256,
            KemAlgorithm.P256, HashAlgorithm.Sha256, AeadAlgorithm.Aes128Gcm, SignatureAlgorithm.EcdsaP256),
        new(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519,
            KemAlgorithm.X25519, HashAlgorithm.Sha256, AeadAlgorithm.ChaCha20Poly1305, SignatureAlgorithm.Ed25519),
        new(CipherSuite.X448Aes256GcmSha512Ed448,
            KemAlgorithm.X448, HashAlgorithm.Sha512, AeadAlgorithm.Aes256Gcm, SignatureAlgorithm.Ed448),
        new(CipherSuite.P521Aes256GcmSha512P521,
            KemAlgorithm.P521, HashAlgorithm.Sha512, AeadAlgorithm.Aes256Gcm, SignatureAlgorithm.EcdsaP521),
        new(CipherSuite.X448ChaCha20Poly1305Sha512Ed448,
            KemAlgorithm.X448, HashAlgorithm.Sha512, AeadAlgorithm.ChaCha20Poly1305, SignatureAlgorithm.Ed448),
        new(CipherSuite.P384Aes256GcmSha384P384,
            KemAlgorithm.P384, HashAlgorithm.Sha384, AeadAlgorithm.Aes256Gcm, SignatureAlgorithm.EcdsaP384),
        new(CipherSuite.XWingChaCha20Poly1305Sha256Ed25519,
            KemAlgorithm.XWing, HashAlgorithm.Sha256, AeadAlgorithm.ChaCha20Poly1305, SignatureAlgorithm.Ed25519),
    ];

    /// <summary>The suite's parameters, or null if it is not built here.</summary>
    public static CipherSuiteParameters? Find(CipherSuite suite)
    {
        foreach (CipherSuiteParameters parameters in All)
        {
            if (parameters.Id == suite)
                return parameters;
        }

        return null;
    }
}
