using System.Collections.Immutable;
using Parley.Contracts.Identity;
using Parley.Server.Log;

namespace Parley.Server.Sequencing;

/// <summary>
/// How an <see cref="AppendRequest"/> travels to a grain on another node; on one node it is handed over as it is. A later version may
/// add fields and give none another meaning, as nodes of two versions work together during an upgrade.
/// </summary>
[GenerateSerializer]
internal struct AppendRequestOnTheWay
{
    [Id(0)]
    public byte[] Sender;

    [Id(1)]
    public byte[] MessageId;

    [Id(2)]
    public byte[] Message;

    [Id(3)]
    public byte[] Welcome;

    [Id(4)]
    public byte[] Added;

    [Id(5)]
    public byte[] Removed;
}

/// <summary>The header is read from the message again, so that the two cannot differ.</summary>
[RegisterConverter]
internal sealed class AppendRequestConverter : IConverter<AppendRequest, AppendRequestOnTheWay>
{
    public AppendRequest ConvertFromSurrogate(in AppendRequestOnTheWay surrogate)
    {
        if (!DeviceId.TryParse(surrogate.Sender, out DeviceId sender) || !MessageId.TryParse(surrogate.MessageId, out MessageId messageId)
            || MessageHeader.TryParse(surrogate.Message) is not { } header)
        {
            throw new InvalidOperationException("Another node has sent an append that it should have refused.");
        }

        return new AppendRequest(sender, messageId, header, surrogate.Message, surrogate.Welcome, DeviceIds.Unpack(surrogate.Added), DeviceIds.Unpack(surrogate.Removed));
    }

    public AppendRequestOnTheWay ConvertToSurrogate(in AppendRequest value) => new()
    {
        Sender = value.Sender.ToArray(),
        MessageId = value.MessageId.ToArray(),
        Message = value.Message.ToArray(),
        Welcome = value.Welcome,
        Added = DeviceIds.Pack(value.Added),
        Removed = DeviceIds.Pack(value.Removed),
    };
}

/// <summary>Lists of devices as bytes.</summary>
internal static class DeviceIds
{
    public static byte[] Pack(ImmutableArray<DeviceId> devices) => devices.IsEmpty ? [] : [.. devices.SelectMany(device => device.ToArray())];

    public static ImmutableArray<DeviceId> Unpack(byte[] bytes) => bytes.Length == 0 ? [] : [.. bytes.Chunk(Contracts.Limits.DeviceIdBytes).Select(Parse)];

    private static DeviceId Parse(byte[] bytes) =>
        DeviceId.TryParse(bytes, out DeviceId device) ? device : throw new InvalidOperationException("Another node has sent part of a device id.");
}
