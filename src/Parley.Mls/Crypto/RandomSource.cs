using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// Where random bytes come from. Injected, so that a simulation and the test vectors replay to the byte; everything else takes
/// <see cref="System"/>. Safe to use from several threads.
/// </summary>
public abstract class RandomSource
{
    /// <summary>The operating system's generator.</summary>
    public static RandomSource System { get; } = new SystemRandomSource();

    /// <summary>Fills the span with bytes that nobody can predict.</summary>
    public abstract void Fill(Span<byte> bytes);

    private sealed class SystemRandomSource : RandomSource
    {
        public override void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
    }
}
