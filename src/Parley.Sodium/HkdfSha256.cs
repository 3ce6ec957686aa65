namespace Parley.Sodium;

/// <summary>HKDF-Expand with SHA-256 (RFC 5869 §2.3).</summary>
public static class HkdfSha256
{
    /// <summary>Length of a pseudorandom key.</summary>
    public const int KeyBytes = 32;

    /// <summary>The longest output.</summary>
    public const int OutputBytesMax = 255 * KeyBytes;

    /// <summary>Fills the output.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void Expand(ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        SpanLength.Require(pseudorandomKey, KeyBytes);
        if (output.Length > OutputBytesMax)
            throw new ArgumentException($"At most {OutputBytesMax} bytes can be expanded, not {output.Length}.", nameof(output));
        // Fails only for an output that is too long.
        _ = SodiumLibrary.crypto_kdf_hkdf_sha256_expand(output, (nuint)output.Length, info, (nuint)info.Length, pseudorandomKey);
    }
}
