using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;

namespace Parley.Client.Identity;

/// <summary>
/// Signal's numeric fingerprint: each side's half is 30 digits of SHA-512 iterated 5200 times over a version, the account key and the
/// person's URI; the halves are put in order, so that both sides read the same twelve groups of five digits. The iterations make a
/// second key whose digits agree as dear to find as a hash of 112 bits.
/// </summary>
internal static class SafetyNumber
{
    private const int Iterations = 5200;
    private const int DigestBytes = 64;
    private const int GroupBytes = 5;
    private const int GroupsPerSide = 6;
    private const ulong GroupModulus = 100_000;

    /// <summary>The number of two people on one server.</summary>
    public static string Compute(ICryptoProvider crypto, string server, (Handle Handle, ReadOnlyMemory<byte> Key) one, (Handle Handle, ReadOnlyMemory<byte> Key) other)
    {
        string[] halves = [Half(crypto, server, one.Handle, one.Key.Span), Half(crypto, server, other.Handle, other.Key.Span)];
        Array.Sort(halves, StringComparer.Ordinal);
        return string.Join(' ', halves);
    }

    private static string Half(ICryptoProvider crypto, string server, Handle handle, ReadOnlySpan<byte> key)
    {
        byte[] version = [0, 0];
        byte[] uri = Encoding.UTF8.GetBytes(Content.MimiIdentifier.SenderUri(server, handle));
        byte[] round = new byte[DigestBytes + key.Length];
        Span<byte> digest = round.AsSpan(0, DigestBytes);
        key.CopyTo(round.AsSpan(DigestBytes));
        crypto.Hash(HashAlgorithm.Sha512, [.. version, .. key, .. uri, .. key], digest);
        byte[] next = new byte[DigestBytes];
        for (int i = 1; i < Iterations; i++)
        {
            crypto.Hash(HashAlgorithm.Sha512, round, next);
            next.CopyTo(digest);
        }

        return string.Join(' ', Enumerable.Range(0, GroupsPerSide).Select(i => Group(next.AsSpan(i * GroupBytes, GroupBytes))));
    }

    private static string Group(ReadOnlySpan<byte> bytes)
    {
        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        bytes.CopyTo(padded[(sizeof(ulong) - GroupBytes)..]);
        return (BinaryPrimitives.ReadUInt64BigEndian(padded) % GroupModulus).ToString("00000", CultureInfo.InvariantCulture);
    }
}
