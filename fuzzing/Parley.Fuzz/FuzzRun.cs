using System.Diagnostics;
using System.Globalization;
using Parley.Mls.Tests.Fuzzing;

namespace Parley.Fuzz;

/// <summary>
/// One run of AFL++ over one target: the libraries are instrumented in a copy of this program's folder, the run begins with the kept
/// corpus and the target's seeds, and what it learned is kept again, minimised. Crashes stay where AFL++ wrote them and fail the run.
/// </summary>
internal sealed class FuzzRun(string target, TimeSpan time)
{
    private static readonly string[] Instrumented = ["Parley.Mls.dll", "Parley.Mls.Messages.dll"];

    private string Work => Path.Combine(Corpus.Repository, "artifacts", "fuzzing", target);

    private string StatisticsFile => Path.Combine(Work, "out", "default", "fuzzer_stats");

    private string Worker => Path.Combine(Work, "bin", "Parley.Fuzz.dll");

    public int Run()
    {
        if (Directory.Exists(Work))
            Directory.Delete(Work, recursive: true);
        Instrument();
        int count = Write("in", [.. Corpus.Read(target), .. FuzzTarget.All[target].Seeds]);
        Console.WriteLine($"{target}: {count} inputs, {time.TotalMinutes} minutes; artifacts/fuzzing/{target}/afl.log says more");
        Afl("afl-fuzz", "-i", "in", "-o", "out", "-V", ((int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture), "-t", "5000", "-m", "none", "-G",
            FuzzTarget.InputBytesMax.ToString(CultureInfo.InvariantCulture));
        if (!File.Exists(StatisticsFile))
            throw new InvalidOperationException($"AFL++ did not run: artifacts/fuzzing/{target}/afl.log says why.");
        string[] crashes = Found("crashes");
        string[] hangs = Found("hangs");
        if (crashes.Length + hangs.Length == 0)
            Keep();
        Console.WriteLine($"{target}: {crashes.Length} crashes, {hangs.Length} hangs; {Statistics()}");
        foreach (string file in (string[])[.. crashes, .. hangs])
            Console.WriteLine($"  {Path.GetRelativePath(Corpus.Repository, file)}: {Convert.ToBase64String(File.ReadAllBytes(file))}");
        return crashes.Length + hangs.Length == 0 ? 0 : 1;
    }

    private void Instrument()
    {
        string bin = Directory.CreateDirectory(Path.Combine(Work, "bin")).FullName;
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(bin, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!); // A file has a folder.
            File.Copy(file, copy);
        }

        foreach (string library in Instrumented)
            SharpFuzz.Fuzzer.Instrument(Path.Combine(bin, library), static _ => true, SharpFuzz.Options.Value);
    }

    /// <summary>Minimises what was found to the smallest set that reaches the same code, and keeps it as the corpus.</summary>
    private void Keep()
    {
        Afl("afl-cmin", "-i", Path.Combine("out", "default", "queue"), "-o", "kept", "-t", "5000", "-m", "none");
        string folder = Path.Combine(Work, "kept");
        if (!Directory.Exists(folder))
            throw new InvalidOperationException($"Nothing broke, but AFL++ did not minimise what it found: artifacts/fuzzing/{target}/afl.log says why.");
        byte[][] kept = [.. Directory.EnumerateFiles(folder).Select(File.ReadAllBytes)];
        if (kept.Length > 0)
            Corpus.Write(target, kept);
        Console.WriteLine($"{target}: {kept.Length} inputs kept, {kept.Sum(static input => input.Length)} bytes");
    }

    private int Write(string folder, IReadOnlyList<byte[]> inputs)
    {
        Directory.CreateDirectory(Path.Combine(Work, folder));
        for (int i = 0; i < inputs.Count; i++)
            File.WriteAllBytes(Path.Combine(Work, folder, i.ToString("D5", CultureInfo.InvariantCulture)), inputs[i]);
        return inputs.Count;
    }

    /// <summary>What AFL++ says of its work.</summary>
    private string Statistics()
    {
        string[] told = ["run_time", "execs_done", "edges_found", "corpus_count"];
        return string.Join(", ", File.ReadLines(StatisticsFile)
            .Select(static line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(line => told.Contains(line[0]))
            .Select(static line => $"{line[0]} {line[1]}"));
    }

    private string[] Found(string kind)
    {
        string folder = Path.Combine(Work, "out", "default", kind);
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "id*") : [];
    }

    /// <summary>Runs a program of AFL++ on the instrumented copy of this one.</summary>
    private void Afl(string program, params string[] options)
    {
        var start = new ProcessStartInfo(program, [.. options, "--", Environment.ProcessPath!, Worker, "--worker", target]) // A program that runs has a path.
        {
            WorkingDirectory = Work,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The instrumented code is in the libraries, not in the program that AFL++ sees, and a crash is an exception, not a core dump.
        start.Environment["AFL_SKIP_BIN_CHECK"] = "1";
        start.Environment["AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES"] = "1";
        start.Environment["AFL_SKIP_CPUFREQ"] = "1";
        start.Environment["AFL_NO_AFFINITY"] = "1";
        start.Environment["AFL_NO_UI"] = "1";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        using StreamWriter log = File.AppendText(Path.Combine(Work, "afl.log"));
        var errors = Task.Run(process.StandardError.ReadToEnd);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            log.WriteLine(line);
            log.Flush();
        }

        log.WriteLine(errors.GetAwaiter().GetResult());
        process.WaitForExit();
    }
}
