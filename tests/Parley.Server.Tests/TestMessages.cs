using System.Security.Cryptography;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;

namespace Parley.Server.Tests;

/// <summary>Messages as the server sees them: the framing is MLS, the rest is noise, as it would be.</summary>
internal static class TestMessages
{
    public static Append Application(byte[] group, ulong epoch = 0, int bytes = 100) => Create(group, epoch, ContentType.Application, bytes);

    public static Append Proposal(byte[] group, ulong epoch = 0) => Create(group, epoch, ContentType.Proposal, 100);

    public static Append Commit(byte[] group, ulong epoch = 0, TestClient[]? added = null, TestClient[]? removed = null)
    {
        Append append = Create(group, epoch, ContentType.Commit, 200);
        append.AddedDevices.AddRange((added ?? []).Select(client => ByteString.CopyFrom(client.Id.ToArray())));
        append.RemovedDevices.AddRange((removed ?? []).Select(client => ByteString.CopyFrom(client.Id.ToArray())));
        if (added is not null)
            append.Welcome = Welcome();
        return append;
    }

    /// <summary>A Commit that takes the place of the one with a sequence number.</summary>
    public static Append Superseding(byte[] group, ulong epoch, ulong sequence)
    {
        var message = new PrivateMessage(group, epoch, ContentType.Commit, Supersession.Encode(sequence), RandomNumberGenerator.GetBytes(28), RandomNumberGenerator.GetBytes(200));
        Append append = Commit(group, epoch);
        append.Message = ByteString.CopyFrom(new MlsMessage.Private(message).Encode<MlsMessage>());
        return append;
    }

    public static LogRef Log(byte[] group) => new() { Group = ByteString.CopyFrom(group) };

    public static byte[] Message(byte[] group, ulong epoch, ContentType content, int bytes) =>
        new MlsMessage.Private(new PrivateMessage(group, epoch, content, default, RandomNumberGenerator.GetBytes(28), RandomNumberGenerator.GetBytes(bytes))).Encode<MlsMessage>();

    private static ByteString Welcome()
    {
        var writer = new TlsWriter();
        writer.WriteUInt16(1); // mls10
        writer.WriteUInt16(3); // mls_welcome
        writer.WriteUInt16(3); // cipher_suite
        writer.WriteVector([]); // secrets
        writer.WriteVector(RandomNumberGenerator.GetBytes(64)); // encrypted_group_info
        return ByteString.CopyFrom(writer.WrittenSpan);
    }

    private static Append Create(byte[] group, ulong epoch, ContentType content, int bytes) => new()
    {
        MessageId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16)),
        Message = ByteString.CopyFrom(Message(group, epoch, content, bytes)),
    };
}
