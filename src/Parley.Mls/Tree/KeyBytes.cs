namespace Parley.Mls.Tree;

/// <summary>A public key, compared by its bytes.</summary>
internal readonly struct KeyBytes(ReadOnlyMemory<byte> bytes) : IEquatable<KeyBytes>
{
    private readonly ReadOnlyMemory<byte> _bytes = bytes;

    public ReadOnlySpan<byte> Span => _bytes.Span;

    public bool Equals(KeyBytes other) => _bytes.Span.SequenceEqual(other._bytes.Span);

    public override bool Equals(object? obj) => obj is KeyBytes other && Equals(other);

    // Seeded by the runtime, so that nobody can choose keys that collide.
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bytes.Span);
        return hash.ToHashCode();
    }
}
