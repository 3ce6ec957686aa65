using System.Diagnostics.CodeAnalysis;

namespace Parley.Mls.Messages.Codec;

/// <summary>A structure with one encoding in the TLS presentation language (RFC 9420 §2.1).</summary>
/// <typeparam name="TSelf">The structure itself.</typeparam>
public interface ITlsStruct<TSelf>
    where TSelf : class, ITlsStruct<TSelf>
{
    /// <summary>Reads the structure. What is returned after a fault means nothing; the caller asks the reader.</summary>
    static abstract TSelf Read(TlsReader reader);

    /// <summary>Writes the structure.</summary>
    void Write(TlsWriter writer);
}

/// <summary>Decoding and encoding of whole structures.</summary>
public static class Tls
{
    /// <summary>Decodes bytes that hold exactly one structure. The input is copied; nothing is thrown, whatever the bytes.</summary>
    public static bool TryDecode<T>(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out T? value, out DecodeError error)
        where T : class, ITlsStruct<T> => TryDecodeOwned((ReadOnlyMemory<byte>)encoded.ToArray(), out value, out error);

    /// <summary>Decodes bytes that hold exactly one structure and that nobody changes afterwards: the structure keeps slices of them.</summary>
    public static bool TryDecodeOwned<T>(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out T? value, out DecodeError error)
        where T : class, ITlsStruct<T>
    {
        var reader = new TlsReader(encoded);
        T read = T.Read(reader);
        bool decoded = reader.Finish();
        value = decoded ? read : null;
        error = reader.Error;
        return decoded;
    }

    /// <summary>Encodes a structure into a new array.</summary>
    /// <param name="value">The structure.</param>
    /// <param name="capacity">About how many bytes it takes, where it is known to be large.</param>
    public static byte[] Encode<T>(this T value, int capacity = 256)
        where T : class, ITlsStruct<T>
    {
        ArgumentNullException.ThrowIfNull(value);
        var writer = new TlsWriter(capacity);
        value.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Writes a structure as an element of a vector.</summary>
    public static void WriteStruct<T>(TlsWriter writer, T value)
        where T : class, ITlsStruct<T>
    {
        ArgumentNullException.ThrowIfNull(value);
        value.Write(writer);
    }
}
