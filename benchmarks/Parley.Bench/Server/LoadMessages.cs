using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using Parley.Contracts.Wire;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;

namespace Parley.Bench.Server;

/// <summary>Messages in MLS framing whose content is noise, and the little of a server frame that the load program reads.</summary>
internal sealed class LoadMessages(byte[] group, ulong epoch, int payloadBytes)
{
    private static long _lastMessage;

    private readonly ByteString _message = ByteString.CopyFrom(Frame(group, epoch, ContentType.Application, payloadBytes));

    /// <summary>An application message, as a frame to send. Its message id holds the time.</summary>
    public byte[] Next()
    {
        byte[] id = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, Stopwatch.GetTimestamp());
        long number = Interlocked.Increment(ref _lastMessage);
        BinaryPrimitives.WriteInt64BigEndian(id.AsSpan(8), number);
        var append = new Append { MessageId = UnsafeByteOperations.UnsafeWrap(id), Message = _message };
        return LoadConnection.Encode(new ClientFrame { RequestId = (ulong)number, Append = append });
    }

    /// <summary>The first Commit of the group, which adds all the others.</summary>
    public static Append Commit(byte[] group, IEnumerable<LoadDevice> added)
    {
        var welcome = new MlsMessage.Welcome(new Welcome(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, [], new byte[1000]));
        var append = new Append
        {
            MessageId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16)),
            Message = ByteString.CopyFrom(Frame(group, 0, ContentType.Commit, 1000)),
            Welcome = ByteString.CopyFrom(welcome.Encode<MlsMessage>()),
        };
        append.AddedDevices.AddRange(added.Select(device => ByteString.CopyFrom(device.Id.ToArray())));
        return append;
    }

    /// <summary>Counts the envelopes of a server frame, and returns how many there were. An answer has none.</summary>
    public static int Count(ReadOnlySpan<byte> frame, Latencies latencies)
    {
        const byte Events = 0x12;
        const byte Envelopes = 0x12;
        const byte MessageId = 0x1a;
        if (frame[0] != Events)
            return 0;
        int position = 1;
        ReadLength(frame, ref position);
        int count = 0;
        while (position < frame.Length)
        {
            byte field = frame[position++];
            int end = ReadLength(frame, ref position) + position;
            if (field == Envelopes)
            {
                // Sequence and time are two varints before the message id.
                int at = position;
                while (frame[at] != MessageId)
                {
                    at++;
                    while ((frame[at++] & 0x80) != 0)
                    {
                    }
                }

                latencies.Add(BinaryPrimitives.ReadInt64BigEndian(frame[(at + 2)..]));
                count++;
            }

            position = end;
        }

        return count;
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

    private static byte[] Frame(byte[] group, ulong epoch, ContentType content, int bytes) =>
        new MlsMessage.Private(new PrivateMessage(group, epoch, content, default, RandomNumberGenerator.GetBytes(28), RandomNumberGenerator.GetBytes(bytes))).Encode<MlsMessage>();
}
