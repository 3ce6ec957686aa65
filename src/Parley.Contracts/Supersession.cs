using System.Buffers.Binary;

namespace Parley.Contracts;

/// <summary>
/// What a Commit says in its authenticated data (RFC 9420 §6) where the log's last Commit is one that the members disregard: the sequence number of that
/// Commit, whose place it takes. The authenticated data is signed and in the clear, so the server reads it, and nobody can add it to another's Commit.
/// </summary>
public static class Supersession
{
    private const int Bytes = sizeof(ulong);

    /// <summary>The authenticated data of a Commit that takes the place of another.</summary>
    /// <param name="sequence">Where that one stands in the log; not 0.</param>
    public static byte[] Encode(ulong sequence)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sequence);
        byte[] encoded = new byte[Bytes];
        BinaryPrimitives.WriteUInt64BigEndian(encoded, sequence);
        return encoded;
    }

    /// <summary>The Commit whose place is taken, or null if there is none.</summary>
    public static ulong? Read(ReadOnlySpan<byte> authenticatedData) =>
        authenticatedData.Length == Bytes && BinaryPrimitives.ReadUInt64BigEndian(authenticatedData) is > 0 and ulong sequence ? sequence : null;
}
