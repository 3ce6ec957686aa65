using Parley.Mls.Crypto;

namespace Parley.Mls.Tests.Crypto;

/// <summary>Gives the bytes of a vector, once and all together, so that a vector's random choice is replayed.</summary>
internal sealed class FixedRandomSource(byte[] bytes) : RandomSource
{
    private bool _spent;

    public override void Fill(Span<byte> target)
    {
        if (_spent || target.Length != bytes.Length)
            throw new InvalidOperationException($"{target.Length} bytes of randomness were asked for, which the vector does not have.");
        _spent = true;
        bytes.CopyTo(target);
    }
}
