using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;

namespace Parley.Bench.Server.Clients;

/// <summary>Messages in MLS framing whose content is noise, and the little of a server frame that the load program reads.</summary>
internal sealed class LoadMessages(byte[] group, ulong epoch, int payloadBytes)
{
    private static long _lastMessage;

    private readonly ByteString _message = ByteString.CopyFrom(Frame(group, epoch, ContentType.Application, payloadBytes));

    /// <summary>Messages that are so long as a whole, framing included.</summary>
    public static LoadMessages OfLength(byte[] group, ulong epoch, int messageBytes) =>
        new(group, epoch, messageBytes - Frame(group, epoch, ContentType.Application, messageBytes).Length + messageBytes);

    /// <summary>Application messages, as frames to send at once. Their message ids hold the time.</summary>
    public byte[] Next(int count)
    {
        byte[] first = Next();
        if (count == 1)
            return first;
        using var frames = new MemoryStream(first.Length * count);
        frames.Write(first);
        for (int i = 1; i < count; i++)
            frames.Write(Next());
        return frames.ToArray();
    }

    /// <summary>The first Commit of the group, which adds all the others.</summary>
    public static Append Commit(byte[] group, IEnumerable<LoadDevice> added)
    {
        var welcome = new MlsMessage.Welcome(new Welcome(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, [], new byte[1000]));
        var append = new Append
        {
            MessageId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Limits.MessageIdBytes)),
            Message = ByteString.CopyFrom(Frame(group, 0, ContentType.Commit, 1000)),
            Welcome = ByteString.CopyFrom(welcome.Encode<MlsMessage>()),
        };
        append.AddedDevices.AddRange(added.Select(device => ByteString.CopyFrom(device.Id.ToArray())));
        return append;
    }

    /// <summary>The events of a server frame, encoded. Empty if it is an answer.</summary>
    public static ReadOnlyMemory<byte> EventsOf(ReadOnlyMemory<byte> frame)
    {
        const byte Events = 0x12;
        if (frame.Span[0] != Events)
            return default;
        int position = 1;
        ReadLength(frame.Span, ref position);
        return frame[position..];
    }

    /// <summary>Takes the next envelope from encoded events.</summary>
    /// <param name="events">The events.</param>
    /// <param name="sentAt">When it was sent.</param>
    /// <returns>Whether there was one.</returns>
    public static bool TryTake(ref ReadOnlyMemory<byte> events, out long sentAt)
    {
        const byte Envelopes = 0x12;
        ReadOnlySpan<byte> rest = events.Span;
        for (int position = 0; position < rest.Length;)
        {
            byte field = rest[position++];
            int length = ReadLength(rest, ref position);
            if (field == Envelopes)
            {
                sentAt = SentAt(rest.Slice(position, length));
                events = events[(position + length)..];
                return true;
            }

            position += length;
        }

        sentAt = 0;
        events = default;
        return false;
    }

    /// <summary>The message id begins with the time. Sequence and the server's time are two varints before it.</summary>
    private static long SentAt(ReadOnlySpan<byte> envelope)
    {
        const byte MessageId = 0x1a;
        int at = 0;
        while (envelope[at] != MessageId)
        {
            at++;
            while ((envelope[at++] & 0x80) != 0)
            {
            }
        }

        return BinaryPrimitives.ReadInt64BigEndian(envelope[(at + 2)..]);
    }

    private static int ReadLength(ReadOnlySpan<byte> frame, ref int position)
    {
        int length = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = frame[position++];
            length |= (part & 0x7f) << shift;
            if ((part & 0x80) == 0)
                return length;
        }
    }

    private byte[] Next()
    {
        byte[] id = new byte[Limits.MessageIdBytes];
        BinaryPrimitives.WriteInt64BigEndian(id, Stopwatch.GetTimestamp());
        long number = Interlocked.Increment(ref _lastMessage);
        BinaryPrimitives.WriteInt64BigEndian(id.AsSpan(8), number);
        var append = new Append { MessageId = UnsafeByteOperations.UnsafeWrap(id), Message = _message };
        return ParleyClient.Encode(new ClientFrame { RequestId = (ulong)number, Append = append });
    }

    private static byte[] Frame(byte[] group, ulong epoch, ContentType content, int bytes) =>
        new MlsMessage.Private(new PrivateMessage(group, epoch, content, default, RandomNumberGenerator.GetBytes(28), RandomNumberGenerator.GetBytes(bytes))).Encode<MlsMessage>();
}
