namespace Parley.Sodium;

/// <summary>Argon2id (RFC 9106), version 1.3, one lane: a key from a passphrase, at a price in time and memory.</summary>
public static class Argon2id
{
    /// <summary>Length of a salt.</summary>
    public const int SaltBytes = 16;

    private const int Algorithm13 = 2;
    private const int OutputBytesMin = 16;

    /// <summary>Fills the output. False if there is not enough memory.</summary>
    /// <exception cref="ArgumentException">A length is wrong, or the price is out of the algorithm's range.</exception>
    public static bool TryDerive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int passes, int memoryKiB, Span<byte> output)
    {
        SpanLength.Require(salt, SaltBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(passes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryKiB, 8);
        ArgumentOutOfRangeException.ThrowIfLessThan(output.Length, OutputBytesMin, nameof(output));
        return SodiumLibrary.crypto_pwhash(
            output, (ulong)output.Length, passphrase, (ulong)passphrase.Length, salt, (ulong)passes, (nuint)memoryKiB * 1024, Algorithm13) == 0;
    }
}
