namespace Parley.Mls.Crypto;

/// <summary>
/// Whether a public key can be encrypted to, told from its bytes: what an encapsulation would find out at the price of its curve and
/// lattice operations.
/// </summary>
internal static class PublicKeyChecks
{
    private const int X25519Bytes = 32;
    private const int MlKem768Bytes = 1184;
    private const int MlKemSeedBytes = 32;
    private const int MlKemModulus = 3329;

    // The u-coordinates below 2^255 of points whose order divides 8, for which every private key yields zero (RFC 7748 §7).
    private static readonly byte[][] SmallOrder =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        Convert.FromHexString("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];

    /// <summary>RFC 9180 §7.1.4: whether a shared secret with a key of X25519 will not be zero.</summary>
    public static bool IsX25519(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> coordinate = stackalloc byte[X25519Bytes];
        publicKey.CopyTo(coordinate);
        coordinate[^1] &= 0x7f; // RFC 7748 §5: the last bit is ignored.
        foreach (byte[] refused in SmallOrder)
        {
            if (coordinate.SequenceEqual(refused))
                return false;
        }

        return true;
    }

    /// <summary>
    /// X-Wing's key is one of ML-KEM-768, which must pass the modulus check of FIPS 203 §7.2, all coefficients of 12 bits each being
    /// reduced, and one of X25519.
    /// </summary>
    public static bool IsXWing(ReadOnlySpan<byte> publicKey)
    {
        ReadOnlySpan<byte> coefficients = publicKey[..(MlKem768Bytes - MlKemSeedBytes)];
        for (int i = 0; i < coefficients.Length; i += 3)
        {
            int first = coefficients[i] | ((coefficients[i + 1] & 0x0f) << 8);
            int second = (coefficients[i + 1] >> 4) | (coefficients[i + 2] << 4);
            if (first >= MlKemModulus || second >= MlKemModulus)
                return false;
        }

        return IsX25519(publicKey[MlKem768Bytes..]);
    }
}
