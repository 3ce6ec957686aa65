using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;

namespace Parley.Server.Log;

/// <summary>What a log belongs to. The values are stored.</summary>
internal enum LogKind
{
    /// <summary>An MLS group.</summary>
    Group = 1,

    /// <summary>A device: its Welcomes.</summary>
    Inbox = 2,
}

/// <summary>Names a log. The same name is the same <see cref="Key"/>, by which dictionaries and the sequencer find it.</summary>
internal sealed record LogName
{
    private readonly byte[] _name;
    private string? _key;

    private LogName(LogKind kind, ReadOnlySpan<byte> name)
    {
        Kind = kind;
        _name = name.ToArray();
    }

    public LogKind Kind { get; }

    /// <summary>The kind and the name's bytes in hexadecimal, made when it is first asked for.</summary>
    public string Key => _key ??= (Kind == LogKind.Group ? "group/" : "inbox/") + Convert.ToHexStringLower(_name);

    public static LogName Inbox(DeviceId device) => new(LogKind.Inbox, device.ToArray());

    public static bool TryParseGroup(ReadOnlySpan<byte> groupId, [NotNullWhen(true)] out LogName? name)
    {
        name = groupId.Length is >= Limits.GroupIdBytesMin and <= Limits.GroupIdBytesMax ? new LogName(LogKind.Group, groupId) : null;
        return name is not null;
    }

    public static bool TryParse(LogRef? reference, [NotNullWhen(true)] out LogName? name)
    {
        name = null;
        switch (reference?.LogCase)
        {
            case LogRef.LogOneofCase.Group:
                return TryParseGroup(reference.Group.Span, out name);
            case LogRef.LogOneofCase.Inbox:
                name = DeviceId.TryParse(reference.Inbox.Span, out DeviceId device) ? Inbox(device) : null;
                return name is not null;
            default:
                return false;
        }
    }

    /// <summary>The group id or device id, in a new array.</summary>
    public byte[] ToBytes() => [.. _name];

    public LogRef ToReference()
    {
        ByteString bytes = UnsafeByteOperations.UnsafeWrap(_name);
        return Kind == LogKind.Group ? new LogRef { Group = bytes } : new LogRef { Inbox = bytes };
    }

    public bool Equals(LogName? other) => other is not null && Kind == other.Kind && _name.AsSpan().SequenceEqual(other._name);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Kind);
        hash.AddBytes(_name);
        return hash.ToHashCode();
    }

    public override string ToString() => Key;
}
