using System.Runtime.CompilerServices;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// What a fuzzer feeds bytes to. A target runs them, whatever they are, and throws only if something is wrong: a decoder that throws or
/// takes too much memory, a refusal that is not one <see cref="MlsError"/>, a group that changed though it refused.
/// </summary>
public abstract class FuzzTarget
{
    /// <summary>All targets, by the name they are called with and their corpus is kept under.</summary>
    public static IReadOnlyDictionary<string, FuzzTarget> All { get; } = new Dictionary<string, FuzzTarget>(StringComparer.Ordinal)
    {
        ["decode"] = new DecodeTarget(),
        ["process"] = new ProcessTarget(),
        ["handshake"] = new HandshakeTarget(),
        ["join"] = new JoinTarget(),
        ["external"] = new ExternalTarget(),
        ["stored"] = new StoredTarget(),
    };

    /// <summary>The longest input worth trying: bounds of large lists have tests of their own.</summary>
    public const int InputBytesMax = 16 * 1024;

    /// <summary>Honest inputs to begin with, the same in each run.</summary>
    public abstract IEnumerable<byte[]> Seeds { get; }

    /// <summary>Runs all targets on all inputs that are kept for them.</summary>
    public static void RunKept()
    {
        foreach ((string name, FuzzTarget target) in All)
        {
            foreach (byte[] input in Corpus.Read(name).Concat(target.Seeds))
                target.Run(input);
        }

        Ended();
    }

    /// <summary>For whoever wants to know which methods have been compiled until now.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Ended()
    {
    }

    /// <summary>Runs one input. Each call finds everything as the first one did.</summary>
    public abstract void Run(ReadOnlySpan<byte> input);
}
