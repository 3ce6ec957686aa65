using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Interop.Tests.TsMls;

/// <summary>The Node program of interop/ts-mls, which holds the members that are ts-mls's: one question a line, one answer a line.</summary>
internal sealed class TsPeer : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly Process _process;

    private TsPeer(Process process) => _process = process;

    /// <summary>Starts the program; the test is skipped where Node or the packages are not there.</summary>
    public static TsPeer Start()
    {
        string folder = Path.Combine(Root(), "interop", "ts-mls");
        bool installed = Directory.Exists(Path.Combine(folder, "node_modules", "ts-mls"));
        Assert.SkipUnless(installed, "No ts-mls: './test interop' installs Node.js and the packages of interop/ts-mls where it can; by hand: npm ci --prefix interop/ts-mls.");
        var process = Process.Start(new ProcessStartInfo("node", ["peer.js"])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        });
        Assert.NotNull(process);
        var peer = new TsPeer(process);
        peer.Ask(new { op = "psk", id = Convert.ToHexString(MixedMember.PskId), secret = Convert.ToHexString(MixedMember.PskSecret) });
        return peer;
    }

    /// <summary>The answer to a question, whatever it says.</summary>
    public JsonElement Try(object question)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(question, WithoutNulls));
        _process.StandardInput.Flush();
        using var watchdog = new Timer(_ => _process.Kill(), null, AnswerLimit, Timeout.InfiniteTimeSpan);
        string line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("ts-mls's program has ended, or was ended because it did not answer.");
        using JsonDocument answer = JsonDocument.Parse(line);
        return answer.RootElement.Clone();
    }

    /// <summary>The answer to a question, which must not be a refusal.</summary>
    public JsonElement Ask(object question)
    {
        JsonElement answer = Try(question);
        if (RefusalIn(answer) is { } refusal)
            Assert.Fail($"ts-mls refuses: {refusal}");
        return answer;
    }

    /// <summary>What ts-mls says against it, or null.</summary>
    public static string? RefusalIn(JsonElement answer) => answer.TryGetProperty("error", out JsonElement error) ? error.GetString() : null;

    public void Dispose()
    {
        _process.StandardInput.Close(); // Ends it.
        if (!_process.WaitForExit(AnswerLimit))
            _process.Kill();
        _process.Dispose();
    }

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("This test runs inside a checkout.");
    }
}
