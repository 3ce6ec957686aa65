using System.Collections.Immutable;
using Parley.Mls.Messages;

namespace Parley.Mls.Crypto;

/// <summary>RFC 9420 §17.1: the cipher suites built here, as data.</summary>
public static class CipherSuites
{
    /// <summary>Every suite built here. A provider may support fewer.</summary>
    public static ImmutableArray<CipherSuiteParameters> All { get; } =
    [
        new(CipherSuite.X25519Aes128GcmSha256Ed25519,
            DhGroup.X25519, HashAlgorithm.Sha256, AeadAlgorithm.Aes128Gcm, SignatureAlgorithm.Ed25519),
        new(CipherSuite.P256Aes128GcmSha256P256,
            DhGroup.P256, HashAlgorithm.Sha256, AeadAlgorithm.Aes128Gcm, SignatureAlgorithm.EcdsaP256),
        new(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519,
            DhGroup.X25519, HashAlgorithm.Sha256, AeadAlgorithm.ChaCha20Poly1305, SignatureAlgorithm.Ed25519),
        new(CipherSuite.P521Aes256GcmSha512P521,
            DhGroup.P521, HashAlgorithm.Sha512, AeadAlgorithm.Aes256Gcm, SignatureAlgorithm.EcdsaP521),
        new(CipherSuite.P384Aes256GcmSha384P384,
            DhGroup.P384, HashAlgorithm.Sha384, AeadAlgorithm.Aes256Gcm, SignatureAlgorithm.EcdsaP384),
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
