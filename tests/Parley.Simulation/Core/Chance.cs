using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Parley.Mls.Crypto;

namespace Parley.Simulation.Core;

/// <summary>All that is left to chance, by seed: SplitMix64, which is the same on every machine. Also the randomness of keys, so that runs repeat to the byte.</summary>
internal sealed class Chance(ulong seed) : RandomSource
{
    private ulong _state = seed;

    /// <summary>A stream that goes its own way, whatever is taken from this one.</summary>
    public static Chance Of(ulong seed, string name)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{name}"), digest);
        return new Chance(BinaryPrimitives.ReadUInt64LittleEndian(digest));
    }

    /// <summary>A number from 0 to one less than the count.</summary>
    public int Below(int count) => (int)(Next() % (ulong)count);

    /// <summary>True in so many of a thousand cases.</summary>
    public bool PerMille(int cases) => Below(1000) < cases;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + TimeSpan.FromMilliseconds(Below((int)(most - least).TotalMilliseconds + 1));

    public override void Fill(Span<byte> bytes)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        for (; bytes.Length > 0; bytes = bytes[Math.Min(bytes.Length, word.Length)..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
            word[..Math.Min(bytes.Length, word.Length)].CopyTo(bytes);
        }
    }

    private ulong Next()
    {
        unchecked
        {
            ulong z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
