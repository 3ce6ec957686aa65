using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Framing;

/// <summary>RFC 9420 §6.3.2: who sent a PrivateMessage, and with which keys.</summary>
/// <param name="LeafIndex">The sender's leaf.</param>
/// <param name="Generation">The generation of the sender's ratchet.</param>
/// <param name="ReuseGuard">Four random bytes that were mixed into the nonce, as a number.</param>
internal readonly record struct SenderData(LeafIndex LeafIndex, uint Generation, uint ReuseGuard)
{
    /// <summary>How long sealed sender data is.</summary>
    public const int SealedBytes = EncodedBytes + AlgorithmParameters.AeadTagBytes;

    private const int EncodedBytes = 12;

    /// <summary>RFC 9420 §6.3.2: seals the sender data under keys that depend on the ciphertext.</summary>
    public void Seal(CryptoSuite suite, Secret senderDataSecret, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> sealedData)
    {
        Span<byte> encoded = stackalloc byte[EncodedBytes];
        BinaryPrimitives.WriteUInt32BigEndian(encoded, LeafIndex.Value);
        BinaryPrimitives.WriteUInt32BigEndian(encoded[4..], Generation);
        BinaryPrimitives.WriteUInt32BigEndian(encoded[8..], ReuseGuard);
        Span<byte> key = stackalloc byte[suite.AeadKeyBytes];
        Span<byte> nonce = stackalloc byte[suite.AeadNonceBytes];
        DeriveKey(suite, senderDataSecret, ciphertext, key, nonce);
        suite.Seal(key, nonce, associatedData, encoded, sealedData);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(nonce);
    }

    /// <summary>Opens sealed sender data.</summary>
    /// <exception cref="MlsException">It does not open.</exception>
    public static SenderData Open(CryptoSuite suite, Secret senderDataSecret, ReadOnlySpan<byte> associatedData, PrivateMessage message)
    {
        MlsException.ThrowIf(message.EncryptedSenderData.Length != SealedBytes, MlsError.SenderDataDecryptionFailed);
        Span<byte> encoded = stackalloc byte[EncodedBytes];
        Span<byte> key = stackalloc byte[suite.AeadKeyBytes];
        Span<byte> nonce = stackalloc byte[suite.AeadNonceBytes];
        DeriveKey(suite, senderDataSecret, message.Ciphertext.Span, key, nonce);
        bool opened = suite.TryOpen(key, nonce, associatedData, message.EncryptedSenderData.Span, encoded);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(nonce);
        MlsException.ThrowIf(!opened, MlsError.SenderDataDecryptionFailed);
        return new SenderData(
            new LeafIndex(BinaryPrimitives.ReadUInt32BigEndian(encoded)),
            BinaryPrimitives.ReadUInt32BigEndian(encoded[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(encoded[8..]));
    }

    internal static void DeriveKey(CryptoSuite suite, Secret senderDataSecret, ReadOnlySpan<byte> ciphertext, Span<byte> key, Span<byte> nonce)
    {
        ReadOnlySpan<byte> sample = ciphertext[..Math.Min(ciphertext.Length, suite.HashBytes)];
        suite.ExpandWithLabel(senderDataSecret.AsSpan(), "key", sample, key);
        suite.ExpandWithLabel(senderDataSecret.AsSpan(), "nonce", sample, nonce);
    }
}
