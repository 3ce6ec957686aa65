using System.Runtime.CompilerServices;

namespace Parley.Sodium;

/// <summary>The check every call makes before native code trusts a length.</summary>
internal static class SpanLength
{
    /// <exception cref="ArgumentException">The span is not exactly <paramref name="length"/> bytes long.</exception>
    public static void Require(ReadOnlySpan<byte> span, int length, [CallerArgumentExpression(nameof(span))] string name = "")
    {
        if (span.Length != length)
            Throw(span.Length, length, name);
    }

    private static void Throw(int actual, int expected, string name) =>
        throw new ArgumentException($"{expected} bytes are needed, not {actual}.", name);
}
