using System.Runtime.CompilerServices;

namespace Parley.Mls;

/// <summary>What can only be false through a mistake of our own, checked in release builds too.</summary>
internal static class Invariant
{
    public static void That(bool condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        if (!condition)
            throw new InvalidOperationException($"Broken invariant in Parley.Mls: {what}.");
    }
}
