namespace Parley.Bench.Talking;

/// <summary>One figure of the client.</summary>
/// <param name="Work">What was measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="Unit">In what.</param>
/// <param name="Target">What it should be, or empty.</param>
internal sealed record ClientRow(string Work, double Value, string Unit, string Target);
