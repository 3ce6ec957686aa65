using System.Buffers.Binary;
using Parley.Contracts;

namespace Parley.Server.Log;

/// <summary>What makes a retry recognisable: 16 bytes that the sender chose, so that no other has them.</summary>
internal readonly record struct MessageId
{
    private readonly UInt128 _value;

    private MessageId(UInt128 value) => _value = value;

    public static bool TryParse(ReadOnlySpan<byte> bytes, out MessageId id)
    {
        bool fits = bytes.Length == Limits.MessageIdBytes;
        id = fits ? new MessageId(BinaryPrimitives.ReadUInt128BigEndian(bytes)) : default;
        return fits;
    }

    /// <summary>A new array of 16 bytes.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Limits.MessageIdBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }
}
