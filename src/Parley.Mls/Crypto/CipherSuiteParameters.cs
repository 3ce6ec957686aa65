using Parley.Mls.Messages;

namespace Parley.Mls.Crypto;

/// <summary>What a cipher suite is made of.</summary>
/// <param name="Id">The suite.</param>
/// <param name="Kem">The KEM of HPKE.</param>
/// <param name="Hash">The hash of its KDF, MAC and references.</param>
/// <param name="Aead">The AEAD of messages and of HPKE.</param>
/// <param name="Signature">The signature scheme.</param>
public sealed record CipherSuiteParameters(
    CipherSuite Id, KemAlgorithm Kem, HashAlgorithm Hash, AeadAlgorithm Aead, SignatureAlgorithm Signature);
