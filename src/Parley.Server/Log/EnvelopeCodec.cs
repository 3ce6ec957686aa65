using System.Collections.Immutable;
using Google.Protobuf;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;

namespace Parley.Server.Log;

/// <summary>The encoded form in which envelopes are stored, so that reading the log is copying bytes.</summary>
internal static class EnvelopeCodec
{
    /// <summary>A group log's entry.</summary>
    public static byte[] Message(
        ulong sequence, ulong receivedAtMs, MessageId id, ReadOnlyMemory<byte> message, ImmutableArray<DeviceId> added, ImmutableArray<DeviceId> removed)
    {
        var envelope = new Envelope
        {
            Sequence = sequence,
            ReceivedAtMs = receivedAtMs,
            MessageId = UnsafeByteOperations.UnsafeWrap(id.ToArray()),
            Message = UnsafeByteOperations.UnsafeWrap(message),
        };
        foreach (DeviceId device in added)
            envelope.AddedDevices.Add(ToBytes(device));
        foreach (DeviceId device in removed)
            envelope.RemovedDevices.Add(ToBytes(device));
        return envelope.ToByteArray();
    }

    /// <summary>An inbox's entry without its Welcome, which is stored once for all devices a Commit adds.</summary>
    public static byte[] InboxWelcome(ulong sequence, MessageId commitId, ulong commitSequence, CommitEffects commit) => new Envelope
    {
        Sequence = sequence,
        ReceivedAtMs = commit.ReceivedAtMs,
        MessageId = UnsafeByteOperations.UnsafeWrap(commitId.ToArray()),
        Welcome = new InboxWelcome { Group = UnsafeByteOperations.UnsafeWrap(commit.Group.ToBytes()), CommitSequence = commitSequence },
    }.ToByteArray();

    /// <summary>Puts the Welcome back into an inbox's entry.</summary>
    public static byte[] WithWelcome(ReadOnlyMemory<byte> envelope, byte[] welcome)
    {
        Envelope complete = Envelope.Parser.ParseFrom(envelope.Span);
        complete.Welcome.Welcome = UnsafeByteOperations.UnsafeWrap(welcome);
        return complete.ToByteArray();
    }

    private static ByteString ToBytes(DeviceId device) => UnsafeByteOperations.UnsafeWrap(device.ToArray());
}
