using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;

namespace Parley.Mls.Framing;

/// <summary>RFC 9420 §6.3: sealing and opening PrivateMessages with an epoch's keys.</summary>
internal static class PrivateMessages
{
    private const int TagBytes = 16;

    /// <summary>Seals content. The sender's ratchet moves on first, so its keys are used once whatever follows.</summary>
    public static PrivateMessage Seal(
        CryptoSuite suite, Secret senderDataSecret, SecretTree secrets, LeafIndex self, AuthenticatedContent content, Padding padding)
    {
        FramedContent framed = content.Content;
        ContentType type = framed.Content.Type;
        byte[] associatedData = AssociatedData(framed.GroupId.Span, framed.Epoch, type, framed.AuthenticatedData.Span);
        Span<byte> guardBytes = stackalloc byte[4];
        suite.Provider.FillRandom(guardBytes);
        uint guard = BinaryPrimitives.ReadUInt32BigEndian(guardBytes);
        using MessageKeys keys = secrets.Next(self, RatchetOf(type));
        byte[] ciphertext = SealContent(suite, keys, guard, associatedData, content, padding);
        byte[] senderData = new SenderData(self, keys.Generation, guard).Seal(suite, senderDataSecret, framed.GroupId.Span, framed.Epoch, type, ciphertext);
        return new PrivateMessage(framed.GroupId, framed.Epoch, type, framed.AuthenticatedData, senderData, ciphertext);
    }

    /// <summary>Opens a message; the keys are consumed only when the caller says so, after it has verified the content.</summary>
    /// <exception cref="MlsException">It does not open or decode.</exception>
    public static OpenedMessage Open(CryptoSuite suite, Secret senderDataSecret, SecretTree secrets, PrivateMessage message, LeafIndex? self)
    {
        SenderData sender = SenderData.Open(suite, senderDataSecret, message);
        MlsException.ThrowIf(self == sender.LeafIndex, MlsError.OwnMessage);
        SecretTree.FoundKeys found = secrets.Find(sender.LeafIndex, RatchetOf(message.ContentType), sender.Generation);
        byte[] plaintext = [];
        try
        {
            plaintext = Decrypt(suite, found.Keys, sender, message);
            return new OpenedMessage(Decode(plaintext, sender, message), sender.LeafIndex, found, plaintext);
        }
        catch
        {
            CryptographicOperations.ZeroMemory(plaintext);
            found.Dispose();
            throw;
        }
    }

    private static byte[] SealContent(
        CryptoSuite suite, MessageKeys keys, uint guard, byte[] associatedData, AuthenticatedContent content, Padding padding)
    {
        var writer = new TlsWriter(content.Content.Content.CapacityHint * 9 / 8); // Room for the padding too.
        content.Content.Content.Write(writer);
        content.Auth.Write(writer);
        writer.WriteZeros(PaddingLength.Of(padding, writer.Length));
        byte[] ciphertext = new byte[writer.Length + TagBytes];
        Span<byte> nonce = stackalloc byte[suite.AeadNonceBytes];
        GuardNonce(keys, guard, nonce);
        suite.Seal(keys.Key.AsSpan(), nonce, associatedData, writer.WrittenSpan, ciphertext);
        writer.Clear();
        CryptographicOperations.ZeroMemory(nonce);
        return ciphertext;
    }

    private static byte[] Decrypt(CryptoSuite suite, MessageKeys keys, SenderData sender, PrivateMessage message)
    {
        MlsException.ThrowIf(message.Ciphertext.Length < TagBytes, MlsError.DecryptionFailed);
        byte[] plaintext = new byte[message.Ciphertext.Length - TagBytes];
        byte[] associatedData = AssociatedData(message.GroupId.Span, message.Epoch, message.ContentType, message.AuthenticatedData.Span);
        Span<byte> nonce = stackalloc byte[suite.AeadNonceBytes];
        GuardNonce(keys, sender.ReuseGuard, nonce);
        bool opened = suite.TryOpen(keys.Key.AsSpan(), nonce, associatedData, message.Ciphertext.Span, plaintext);
        CryptographicOperations.ZeroMemory(nonce);
        return opened ? plaintext : throw new MlsException(MlsError.DecryptionFailed);
    }

    private static AuthenticatedContent Decode(byte[] plaintext, SenderData sender, PrivateMessage message)
    {
        var reader = new TlsReader(plaintext);
        Content content = Content.Read(reader, message.ContentType);
        FramedContentAuthData auth = FramedContentAuthData.Read(reader, message.ContentType);
        ReadOnlyMemory<byte> padding = reader.ReadRest();
        MlsException.ThrowIf(reader.Error != DecodeError.None, MlsError.Malformed);
        MlsException.ThrowIf(padding.Span.ContainsAnyExcept((byte)0), MlsError.PaddingInvalid);
        var framed = new FramedContent(message.GroupId, message.Epoch, new Sender.Member(sender.LeafIndex), message.AuthenticatedData, content);
        return new AuthenticatedContent(WireFormat.PrivateMessage, framed, auth);
    }

    private static RatchetType RatchetOf(ContentType type) => type == ContentType.Application ? RatchetType.Application : RatchetType.Handshake;

    // RFC 9420 §6.3.1: the reuse guard is XORed into the first four bytes of the nonce.
    private static void GuardNonce(MessageKeys keys, uint guard, Span<byte> nonce)
    {
        keys.Nonce.AsSpan().CopyTo(nonce);
        BinaryPrimitives.WriteUInt32BigEndian(nonce, BinaryPrimitives.ReadUInt32BigEndian(nonce) ^ guard);
    }

    private static byte[] AssociatedData(ReadOnlySpan<byte> groupId, ulong epoch, ContentType type, ReadOnlySpan<byte> authenticatedData)
    {
        var writer = new TlsWriter(32 + groupId.Length + authenticatedData.Length);
        writer.WriteVector(groupId);
        writer.WriteUInt64(epoch);
        writer.WriteUInt8((byte)type);
        writer.WriteVector(authenticatedData);
        return writer.ToArray();
    }
}

/// <summary>A PrivateMessage that decrypted, not yet verified.</summary>
internal sealed class OpenedMessage(AuthenticatedContent content, LeafIndex sender, SecretTree.FoundKeys keys, byte[] plaintext) : IDisposable
{
    private bool _isConsumed;

    public AuthenticatedContent Content { get; } = content;

    public LeafIndex Sender { get; } = sender;

    /// <summary>The content has been verified: its keys are used up, and the plaintext is its reader's.</summary>
    public void Consume()
    {
        keys.Consume();
        _isConsumed = true;
    }

    /// <summary>Zeroes the keys, and what they opened if nobody is to have it.</summary>
    public void Dispose()
    {
        keys.Dispose();
        if (!_isConsumed)
            CryptographicOperations.ZeroMemory(plaintext);
    }
}
