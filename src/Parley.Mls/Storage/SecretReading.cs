using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;

namespace Parley.Mls.Storage;

/// <summary>
/// Secrets that stand in a buffer beside other things. They are moved, not copied: what is public in the buffer is read as slices of it,
/// and so keeps all of it in memory for as long as the group lives. Only for buffers that belong to whoever made the reader.
/// </summary>
internal static class SecretReading
{
    /// <summary>Reads <c>opaque value&lt;V&gt;</c> and zeroes it where it stood.</summary>
    public static Secret TakeSecret(this TlsReader reader) => Take(reader.ReadVector());

    /// <summary>Reads all that is left and zeroes it where it stood.</summary>
    public static Secret TakeRest(this TlsReader reader) => Take(reader.ReadRest());

    private static Secret Take(ReadOnlyMemory<byte> source)
    {
        var secret = new Secret(source.Span);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(source).Span);
        return secret;
    }
}
