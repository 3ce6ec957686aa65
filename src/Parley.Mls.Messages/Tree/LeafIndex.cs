using System.Globalization;

namespace Parley.Mls.Messages.Tree;

/// <summary>RFC 9420 §4.1: a leaf's place among the leaves, from 0 on the left.</summary>
/// <param name="Value">The index.</param>
public readonly record struct LeafIndex(uint Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
