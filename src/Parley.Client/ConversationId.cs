using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Parley.Client;

/// <summary>Names one conversation: the 16 random bytes that are its MLS group id, shown as 32 hexadecimal digits.</summary>
public readonly record struct ConversationId
{
    internal const int Bytes = 16;

    private readonly UInt128 _value;

    private ConversationId(UInt128 value) => _value = value;

    /// <summary>Reads exactly 16 bytes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out ConversationId id)
    {
        id = default;
        if (bytes.Length != Bytes)
            return false;
        id = new ConversationId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
        return true;
    }

    /// <summary>Reads 32 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ConversationId id)
    {
        id = default;
        if (text is not { Length: 2 * Bytes } || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 value))
            return false;
        id = new ConversationId(value);
        return true;
    }

    /// <summary>A new array of 16 bytes, owned by the caller.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => _value.ToString("x32");
}
