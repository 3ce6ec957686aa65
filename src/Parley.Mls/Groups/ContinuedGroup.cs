namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §11.2, §11.3: a new group in its epoch 1, and what lets the others in.</summary>
/// <param name="Group">The new group; its whole state is in its first <see cref="Group.TakeWrites"/>. The caller disposes it.</param>
/// <param name="Welcome">The encoded MLSMessage with the Welcome, or null if nobody was added.</param>
public sealed record ContinuedGroup(Group Group, ReadOnlyMemory<byte>? Welcome);
