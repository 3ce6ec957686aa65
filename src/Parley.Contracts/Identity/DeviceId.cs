namespace Parley.Contracts.Identity;

/// <summary>Names one device: 16 random bytes, shown as 32 hexadecimal digits.</summary>
public readonly record struct DeviceId
{
    private readonly UInt128 _value;

    private DeviceId(UInt128 value) => _value = value;

    /// <summary>Reads exactly 16 bytes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out DeviceId id)
    {
        id = default;
        if (bytes.Length != Limits.DeviceIdBytes)
            return false;
        id = new DeviceId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));
        return true;
    }

    /// <summary>Reads exactly 32 hexadecimal digits, of either case.</summary>
    public static bool TryParse(string text, out DeviceId id)
    {
        ArgumentNullException.ThrowIfNull(text);
        Span<byte> bytes = stackalloc byte[Limits.DeviceIdBytes];
        id = default;
        return text.Length == bytes.Length * 2
            && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            && TryParse(bytes, out id);
    }

    /// <summary>A new array of 16 bytes, owned by the caller.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Limits.DeviceIdBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => _value.ToString("x32");
}
