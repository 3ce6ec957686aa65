using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Mls.Crypto;

namespace Parley.Mls.Tests.Crypto;

/// <summary>The same bytes in each run: hashes of a seed and a counter. For worlds that must be the same whenever they are made.</summary>
internal sealed class SeededRandomSource(int seed) : RandomSource
{
    private long _counter;

    public override void Fill(Span<byte> bytes)
    {
        Span<byte> input = stackalloc byte[sizeof(int) + sizeof(long)];
        Span<byte> block = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32BigEndian(input, seed);
        while (!bytes.IsEmpty)
        {
            BinaryPrimitives.WriteInt64BigEndian(input[sizeof(int)..], _counter++);
            SHA256.HashData(input, block);
            int count = Math.Min(block.Length, bytes.Length);
            block[..count].CopyTo(bytes);
            bytes = bytes[count..];
        }
    }
}
