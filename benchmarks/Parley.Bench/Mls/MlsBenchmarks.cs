using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Native;

namespace Parley.Bench.Mls;

/// <summary>Measures all operations, prints them as they come, and in the end the table that docs/performance.md holds.</summary>
internal sealed class MlsBenchmarks
{
    // What everybody can be added to by one Commit, and what a flat tree is good for.
    private const int FlatLeavesMax = 1000;
    private const int IterationsMin = 5;
    private const int IterationsMax = 1000;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly CipherSuite _suite;
    private readonly NativeCryptoProvider _native = new(RandomSource.System);
    private readonly MeasuredCryptoProvider _provider;
    private readonly TimeSpan _warmUp;
    private readonly TimeSpan _measured;
    private readonly List<MlsRow> _rows = [];

    private MlsBenchmarks(CipherSuite suite, bool quick)
    {
        _suite = suite;
        _provider = new MeasuredCryptoProvider(_native);
        _warmUp = TimeSpan.FromMilliseconds(quick ? 20 : 500);
        _measured = TimeSpan.FromMilliseconds(quick ? 20 : 2000);
    }

    /// <summary>Measures everything and writes the rows.</summary>
    public static void Run(FileInfo? file, bool quick, CipherSuite suite, IEnumerable<int> sizes)
    {
        var benchmarks = new MlsBenchmarks(suite, quick);
        var operations = new MlsOperations(benchmarks._provider, suite);
        benchmarks.Measure(operations.KeyPackage());
        foreach (int leaves in sizes)
        {
            using (BenchGroup full = BenchGroup.Full(benchmarks._provider, suite, leaves))
            {
                MlsOperation[] messages = [.. MlsOperations.Messages(full, 100), .. MlsOperations.Messages(full, 4096)];
                benchmarks.Measure([.. messages, .. MlsOperations.Commits(full), .. operations.AddAndJoin(full)], leaves, "full");
            }

            if (leaves > FlatLeavesMax)
                continue;
            using (BenchGroup flat = BenchGroup.Flat(benchmarks._provider, suite, leaves))
                benchmarks.Measure([.. MlsOperations.Commits(flat), .. operations.AddAndJoin(flat)], leaves, "flat");
            benchmarks.Measure(operations.Create(leaves), leaves, "flat");
        }

        MlsTable.Write(benchmarks._rows, Console.Out);
        if (file is not null)
            File.WriteAllText(file.FullName, JsonSerializer.Serialize(benchmarks._rows, Json));
    }

    private void Measure(IEnumerable<MlsOperation> operations, int leaves, string shape)
    {
        foreach (MlsOperation operation in operations)
            Measure(operation with { Leaves = leaves, Shape = shape });
    }

    private void Measure(MlsOperation operation)
    {
        CipherSuiteParameters parameters = new CryptoSuite(_native, _suite).Parameters;
        var run = new PairedRun(operation, _provider, calls => new PrimitiveReplay(_native, parameters, calls), _warmUp);
        int iterations = (int)Math.Clamp(_measured / run.EachRound, IterationsMin, IterationsMax);
        MlsRow row = run.ToRow((int)_suite, MlsBenchmark.Measure(run, iterations));
        _rows.Add(row);
        Console.Error.WriteLine(FormattableString.Invariant(
            $"{row.Name,-18} {row.Leaves,5} {row.Shape,-5} {row.PayloadBytes,5} B: {row.MedianUs,11:N1} µs, at least {row.MinUs,11:N1}, cpu {row.CpuUs,11:N1}, primitives {row.PrimitivesUs,11:N1}, ratio {row.Ratio:N2}, message {row.Bytes,9:N0}, allocated {row.AllocatedBytes,11:N0}, stored {row.StorageBytes,9:N0}"));
    }
}
