using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Framing;

/// <summary>RFC 9420 §6.3.2: who sent a PrivateMessage, and with which keys.</summary>
/// <param name="LeafIndex">The sender's leaf.</param>
/// <param name="Generation">The generation of the sender's ratchet.</param>
/// <param name="ReuseGuard">Four random bytes that were mixed into the nonce, as a number.</param>
internal readonly record struct SenderData(LeafIndex LeafIndex, uint Generation, uint ReuseGuard)
{
    private const int EncodedBytes = 12;
    private const int TagBytes = 16;

    /// <summary>RFC 9420 §6.3.2: seals the sender data under keys that depend on the ciphertext.</summary>
    public byte[] Seal(CryptoSuite suite, Secret senderDataSecret, ReadOnlySpan<byte> groupId, ulong epoch, ContentType type, ReadOnlySpan<byte> ciphertext)
    {
        Span<byte> encoded = stackalloc byte[EncodedBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(encoded, LeafIndex.Value);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(encoded[4..], Generation);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(encoded[8..], ReuseGuard);
        byte[] sealedData = new byte[EncodedBytes + TagBytes];
        using Secret key = Key(suite, senderDataSecret, ciphertext);
        using Secret nonce = Nonce(suite, senderDataSecret, ciphertext);
        suite.Seal(key.AsSpan(), nonce.AsSpan(), AssociatedData(groupId, epoch, type), encoded, sealedData);
        return sealedData;
    }

    /// <summary>Opens sealed sender data.</summary>
    /// <exception cref="MlsException">It does not open.</exception>
    public static SenderData Open(CryptoSuite suite, Secret senderDataSecret, PrivateMessage message)
    {
        MlsException.ThrowIf(message.EncryptedSenderData.Length != EncodedBytes + TagBytes, MlsError.SenderDataDecryptionFailed);
        Span<byte> encoded = stackalloc byte[EncodedBytes];
        using Secret key = Key(suite, senderDataSecret, message.Ciphertext.Span);
        using Secret nonce = Nonce(suite, senderDataSecret, message.Ciphertext.Span);
        byte[] associatedData = AssociatedData(message.GroupId.Span, message.Epoch, message.ContentType);
        bool opened = suite.TryOpen(key.AsSpan(), nonce.AsSpan(), associatedData, message.EncryptedSenderData.Span, encoded);
        MlsException.ThrowIf(!opened, MlsError.SenderDataDecryptionFailed);
        return new SenderData(
            new LeafIndex(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(encoded)),
            System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(encoded[4..]),
            System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(encoded[8..]));
    }

    internal static Secret Key(CryptoSuite suite, Secret senderDataSecret, ReadOnlySpan<byte> ciphertext) =>
        suite.ExpandWithLabel(senderDataSecret.AsSpan(), "key", Sample(suite, ciphertext), suite.AeadKeyBytes);

    internal static Secret Nonce(CryptoSuite suite, Secret senderDataSecret, ReadOnlySpan<byte> ciphertext) =>
        suite.ExpandWithLabel(senderDataSecret.AsSpan(), "nonce", Sample(suite, ciphertext), suite.AeadNonceBytes);

    private static ReadOnlySpan<byte> Sample(CryptoSuite suite, ReadOnlySpan<byte> ciphertext) => ciphertext[..Math.Min(ciphertext.Length, suite.HashBytes)];

    private static byte[] AssociatedData(ReadOnlySpan<byte> groupId, ulong epoch, ContentType type)
    {
        var writer = new TlsWriter(64);
        writer.WriteVector(groupId);
        writer.WriteUInt64(epoch);
        writer.WriteUInt8((byte)type);
        return writer.ToArray();
    }
}
