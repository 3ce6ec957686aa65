using System.Buffers.Binary;
using System.Text;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;

namespace Parley.Client.Content;

/// <summary>draft-ietf-mimi-content-09 §3.3: a message's id, and the URIs of people and rooms that it is derived from.</summary>
internal static class MimiIdentifier
{
    // IANA's named information hash algorithm registry: sha-256.
    private const byte Sha256 = 1;
    private const int DigestBytes = 32;

    /// <summary>The URI of an account.</summary>
    public static string SenderUri(string server, Handle handle) => $"mimi://{server}/u/{handle.Value}";

    /// <summary>The URI of a conversation.</summary>
    public static string RoomUri(string server, ConversationId conversation) => $"mimi://{server}/r/{conversation}";

    /// <summary>The id of encoded content as its sender sent it to a room.</summary>
    public static MessageId Derive(ICryptoProvider crypto, string senderUri, string roomUri, ReadOnlySpan<byte> content, ReadOnlySpan<byte> salt)
    {
        byte[] sender = Encoding.UTF8.GetBytes(senderUri);
        byte[] room = Encoding.UTF8.GetBytes(roomUri);
        byte[] input = new byte[(2 * sizeof(ushort)) + sender.Length + room.Length + content.Length + salt.Length];
        Span<byte> rest = Put(Put(input, sender), room);
        content.CopyTo(rest);
        salt.CopyTo(rest[content.Length..]);

        Span<byte> id = stackalloc byte[1 + DigestBytes];
        id[0] = Sha256;
        crypto.Hash(HashAlgorithm.Sha256, input, id[1..]);
        return MessageId.TryParse(id[..MessageId.Bytes], out MessageId messageId) ? messageId : throw new InvalidOperationException("A slice of 32 bytes is an id.");
    }

    private static Span<byte> Put(Span<byte> target, ReadOnlySpan<byte> uri)
    {
        BinaryPrimitives.WriteUInt16BigEndian(target, checked((ushort)uri.Length));
        uri.CopyTo(target[sizeof(ushort)..]);
        return target[(sizeof(ushort) + uri.Length)..];
    }
}
