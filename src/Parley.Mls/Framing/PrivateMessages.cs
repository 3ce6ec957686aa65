using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;

namespace Parley.Mls.Framing;

/// <summary>RFC 9420 §6.3: sealing and opening PrivateMessages with an epoch's keys.</summary>
internal static class PrivateMessages
{
    private const int TagBytes = AlgorithmParameters.AeadTagBytes;

    /// <summary>Writes a PrivateMessageContent, which <see cref="Seal"/> encrypts.</summary>
    public static void WriteContent(TlsWriter writer, AuthenticatedContent content, Padding padding)
    {
        content.Content.Content.Write(writer);
        content.Auth.Write(writer);
        writer.WriteZeros(PaddingLength.Of(padding, writer.Length));
    }

    /// <summary>Writes the PrivateMessageContent of application data.</summary>
    public static void WriteApplication(TlsWriter writer, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, Padding padding)
    {
        writer.WriteVector(data);
        writer.WriteVector(signature);
        writer.WriteZeros(PaddingLength.Of(padding, writer.Length));
    }

    /// <summary>Seals content into an encoded MLSMessage. The sender's ratchet moves on first, so its keys are used once whatever follows.</summary>
    public static byte[] Seal(
        CryptoSuite suite, Secret senderDataSecret, SecretTree secrets, LeafIndex self,
        ReadOnlySpan<byte> groupId, ulong epoch, ContentType type, ReadOnlySpan<byte> authenticatedData, ReadOnlySpan<byte> content)
    {
        int ciphertextBytes = content.Length + TagBytes;
        byte[] message = new byte[
            sizeof(ushort) + sizeof(ushort) + HeaderBytes(groupId, authenticatedData)
            + SpanWriter.VectorBytes(SenderData.SealedBytes) + SpanWriter.VectorBytes(ciphertextBytes)];
        var writer = new SpanWriter(message);
        writer.WriteUInt16((int)ProtocolVersion.Mls10);
        writer.WriteUInt16((int)WireFormat.PrivateMessage);
        AssociatedData associated = WriteHeader(ref writer, groupId, epoch, type, authenticatedData);
        Span<byte> sealedSenderData = writer.ReserveVector(SenderData.SealedBytes);
        Span<byte> ciphertext = writer.ReserveVector(ciphertextBytes);

        Span<byte> key = stackalloc byte[suite.AeadKeyBytes];
        Span<byte> nonce = stackalloc byte[suite.AeadNonceBytes];
        Span<byte> guardBytes = stackalloc byte[sizeof(uint)];
        suite.Provider.FillRandom(guardBytes);
        uint guard = BinaryPrimitives.ReadUInt32BigEndian(guardBytes);
        uint generation = secrets.Next(self, RatchetOf(type), key, nonce);
        GuardNonce(nonce, guard);
        suite.Seal(key, nonce, associated.OfContent, content, ciphertext);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(nonce);
        new SenderData(self, generation, guard).Seal(suite, senderDataSecret, associated.OfSenderData, ciphertext, sealedSenderData);
        return message;
    }

    /// <summary>Opens a message; the keys are consumed only when the caller says so, after it has verified the content.</summary>
    /// <exception cref="MlsException">It does not open.</exception>
    public static SecretTree.FoundKeys Open(
        CryptoSuite suite, Secret senderDataSecret, SecretTree secrets, PrivateMessage message, LeafIndex? self, out byte[] content)
    {
        int headerBytes = HeaderBytes(message.GroupId.Span, message.AuthenticatedData.Span);
        Span<byte> header = headerBytes <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[headerBytes];
        var writer = new SpanWriter(header);
        AssociatedData associated = WriteHeader(ref writer, message.GroupId.Span, message.Epoch, message.ContentType, message.AuthenticatedData.Span);
        SenderData sender = SenderData.Open(suite, senderDataSecret, associated.OfSenderData, message);
        RatchetType ratchet = RatchetOf(message.ContentType);

        // What this state has sent comes back, and is known. A generation that it has not come to yet is of what was sent before it was restored
        // from an older copy: that opens like anybody's, and its key is not used again.
        MlsException.ThrowIf(self == sender.LeafIndex && secrets.HasPassed(sender.LeafIndex, ratchet, sender.Generation), MlsError.OwnMessage);

        Span<byte> key = stackalloc byte[suite.AeadKeyBytes];
        Span<byte> nonce = stackalloc byte[suite.AeadNonceBytes];
        SecretTree.FoundKeys found = secrets.Find(sender.LeafIndex, ratchet, sender.Generation, key, nonce);
        GuardNonce(nonce, sender.ReuseGuard);
        content = new byte[Math.Max(0, message.Ciphertext.Length - TagBytes)];
        bool opened = suite.TryOpen(key, nonce, associated.OfContent, message.Ciphertext.Span, content);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(nonce);
        if (!opened)
        {
            found.Dispose();
            throw new MlsException(MlsError.DecryptionFailed);
        }

        return found;
    }

    /// <summary>Reads opened content, whose structures are slices of it.</summary>
    /// <exception cref="MlsException">It does not decode.</exception>
    public static AuthenticatedContent ReadContent(PrivateMessage message, LeafIndex sender, byte[] opened)
    {
        var reader = new TlsReader(opened);
        Content content = Content.Read(reader, message.ContentType);
        FramedContentAuthData auth = FramedContentAuthData.Read(reader, message.ContentType);
        CheckPadding(reader);
        var framed = new FramedContent(message.GroupId, message.Epoch, new Sender.Member(sender), message.AuthenticatedData, content);
        return new AuthenticatedContent(WireFormat.PrivateMessage, framed, auth);
    }

    /// <summary>Reads opened application data, which is a slice of the content.</summary>
    /// <exception cref="MlsException">It does not decode.</exception>
    public static ReadOnlyMemory<byte> ReadApplication(byte[] opened, out ReadOnlySpan<byte> signature)
    {
        var reader = new TlsReader(opened);
        ReadOnlyMemory<byte> data = reader.ReadVector();
        signature = reader.ReadVector().Span;
        CheckPadding(reader);
        return data;
    }

    private static void CheckPadding(TlsReader reader)
    {
        ReadOnlyMemory<byte> padding = reader.ReadRest();
        MlsException.ThrowIf(reader.Error != DecodeError.None, MlsError.Malformed);
        MlsException.ThrowIf(padding.Span.ContainsAnyExcept((byte)0), MlsError.PaddingInvalid);
    }

    private static RatchetType RatchetOf(ContentType type) => type == ContentType.Application ? RatchetType.Application : RatchetType.Handshake;

    // RFC 9420 §6.3.1: the reuse guard is XORed into the first four bytes of the nonce.
    private static void GuardNonce(Span<byte> nonce, uint guard) =>
        BinaryPrimitives.WriteUInt32BigEndian(nonce, BinaryPrimitives.ReadUInt32BigEndian(nonce) ^ guard);

    private static int HeaderBytes(ReadOnlySpan<byte> groupId, ReadOnlySpan<byte> authenticatedData) =>
        SpanWriter.VectorBytes(groupId.Length) + sizeof(ulong) + sizeof(byte) + SpanWriter.VectorBytes(authenticatedData.Length);

    /// <summary>Writes what a PrivateMessage begins with, which is the associated data of both its ciphertexts too.</summary>
    private static AssociatedData WriteHeader(
        ref SpanWriter writer, ReadOnlySpan<byte> groupId, ulong epoch, ContentType type, ReadOnlySpan<byte> authenticatedData)
    {
        int start = writer.Written.Length;
        writer.WriteVector(groupId);
        writer.WriteUInt64(epoch);
        writer.WriteUInt8((byte)type);
        ReadOnlySpan<byte> ofSenderData = writer.Written[start..];
        writer.WriteVector(authenticatedData);
        return new AssociatedData(ofSenderData, writer.Written[start..]);
    }

    /// <summary>RFC 9420 §6.3.1, §6.3.2: PrivateContentAAD, and SenderDataAAD, with which it begins.</summary>
    private readonly ref struct AssociatedData(ReadOnlySpan<byte> ofSenderData, ReadOnlySpan<byte> ofContent)
    {
        public ReadOnlySpan<byte> OfSenderData { get; } = ofSenderData;

        public ReadOnlySpan<byte> OfContent { get; } = ofContent;
    }
}
