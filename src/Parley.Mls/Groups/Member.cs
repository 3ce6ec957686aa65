using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>A leaf that is not blank.</summary>
/// <param name="Index">Its place.</param>
/// <param name="Leaf">Its content.</param>
public sealed record Member(LeafIndex Index, LeafNode Leaf);
