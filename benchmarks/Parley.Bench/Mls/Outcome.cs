using Parley.Mls.Storage;

namespace Parley.Bench.Mls;

/// <summary>What an operation leaves behind.</summary>
/// <param name="Message">The message that was made or read.</param>
/// <param name="Writes">What is to be stored.</param>
internal readonly record struct Outcome(ReadOnlyMemory<byte> Message, IReadOnlyList<StateWrite> Writes);
