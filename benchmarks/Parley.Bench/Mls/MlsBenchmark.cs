using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Parley.Bench.Mls;

/// <summary>
/// One operation under BenchmarkDotNet, in this process: a program of its own for each would take minutes to build and make its groups
/// anew. An iteration is one run of the operation, because each changes the group that the next needs. Public, and not sealed, because
/// BenchmarkDotNet asks for it.
/// </summary>
#pragma warning disable CA1822 // BenchmarkDotNet calls instances.
public class MlsBenchmark
{
    private static PairedRun? _current;

    private static PairedRun Current => _current ?? throw new InvalidOperationException("Started by BenchmarkDotNet alone.");

    /// <summary>Measures one operation.</summary>
    /// <returns>The times, in microseconds, in order.</returns>
    internal static IReadOnlyList<double> Measure(PairedRun run, int iterations)
    {
        _current = run;
        Job job = Job.Default
            .WithToolchain(new InProcessNoEmitToolchain(TimeSpan.FromHours(1), logOutput: false))
            .WithStrategy(RunStrategy.Monitoring)
            .WithWarmupCount(1)
            .WithIterationCount(iterations)
            .WithInvocationCount(1)
            .WithUnrollFactor(1)
            .WithGcForce(false);
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddLogger(NullLogger.Instance)
            .WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "parley-bench"));
        Summary summary = BenchmarkRunner.Run<MlsBenchmark>(config);
        if (summary.Reports is not [{ Success: true } report])
            throw new InvalidOperationException("BenchmarkDotNet could not run the operation.");
        return [.. report.AllMeasurements
            .Where(static measurement => measurement is { IterationMode: IterationMode.Workload, IterationStage: IterationStage.Actual })
            .OrderBy(static measurement => measurement.IterationIndex)
            .Select(static measurement => measurement.Nanoseconds / 1000)];
    }

    /// <summary>Makes what the operation needs.</summary>
    [IterationSetup]
    public void Prepare() => Current.Prepare();

    /// <summary>The operation.</summary>
    [Benchmark]
    public void Operation() => Current.Run();

    /// <summary>Times its primitives, and lets others follow.</summary>
    [IterationCleanup]
    public void Compare() => Current.Compare();
}
