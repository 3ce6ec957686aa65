using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// draft-ietf-hpke-pq: a hybrid KEM, whose key pairs, encapsulation and shared secret are the primitive's own. Only the derivation of a
/// key pair from material of any length is HPKE's, by SHAKE256. Private keys are seeds.
/// </summary>
internal sealed class HybridKem(ICryptoProvider provider, KemAlgorithm algorithm) : Kem(provider, algorithm)
{
    private static ReadOnlySpan<byte> DeriveKeyPairLabel => "DeriveKeyPair"u8;

    // seed = SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", Nsk).
    protected override void DeriveKeyPairCore(ReadOnlySpan<byte> inputKeyMaterial, Span<byte> privateKey, Span<byte> publicKey)
    {
        int length = inputKeyMaterial.Length + "HPKE-v1"u8.Length + SuiteId.Length + DeriveKeyPairLabel.Length + (2 * sizeof(ushort));
        Span<byte> labeled = length <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[length];
        try
        {
            var writer = new SpanWriter(labeled);
            writer.WriteBytes(inputKeyMaterial);
            writer.WriteBytes("HPKE-v1"u8);
            writer.WriteBytes(SuiteId);
            writer.WriteUInt16(DeriveKeyPairLabel.Length);
            writer.WriteBytes(DeriveKeyPairLabel);
            writer.WriteUInt16(privateKey.Length);
            Provider.Shake256(writer.Written, privateKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(labeled);
        }

        if (!Provider.TryDerivePublicKey(Algorithm, privateKey, publicKey))
            throw new CryptographicException("Every seed of the right length is a private key.");
    }

    protected override bool IsPublicKeyCore(ReadOnlySpan<byte> publicKey) => PublicKeyChecks.IsXWing(publicKey);

    protected override byte[]? Encap(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> sharedSecret)
    {
        byte[] kemOutput = new byte[Sizes.KemOutputBytes];
        return Provider.TryEncapsulate(Algorithm, publicKey, randomness, kemOutput, sharedSecret) ? kemOutput : null;
    }

    protected override bool Decap(
        ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        Provider.TryDecapsulate(Algorithm, privateKey, kemOutput, sharedSecret);
}
