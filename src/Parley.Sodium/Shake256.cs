namespace Parley.Sodium;

/// <summary>SHAKE256 (FIPS 202).</summary>
public static class Shake256
{
    /// <summary>Fills the output.</summary>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> output) =>
        _ = SodiumLibrary.crypto_xof_shake256(output, (nuint)output.Length, data, (ulong)data.Length); // Always 0.
}
