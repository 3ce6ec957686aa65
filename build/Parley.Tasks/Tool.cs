using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Parley.Tasks;

/// <summary>How a program ended and what it printed on both streams, in the order it arrived.</summary>
internal sealed record ToolResult(int ExitCode, string Output, bool TimedOut);

/// <summary>Runs another program to its end, without a terminal, with a limit on its time.</summary>
internal static class Tool
{
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">What it is given.</param>
    /// <param name="folder">Where it runs.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="flag">An environment variable that is set for it.</param>
    public static ToolResult Run(string program, IEnumerable<string> arguments, string folder, TimeSpan limit, string? flag = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Programs with a host of their own find the runtime that this one runs on, wherever it was installed.
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(DotnetPath);
        if (flag is not null)
            start.Environment[flag] = "1";
        StringBuilder output = new();
        using Process process = new() { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new ToolResult(127, $"{program} could not be started: {e.Message}", TimedOut: false);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(limit);
        if (!ended)
            process.Kill(entireProcessTree: true);
        process.WaitForExit(); // Until both streams are read to their end.
        lock (output) // The two streams are read on two threads.
            return new ToolResult(process.ExitCode, output.ToString(), !ended);

        void Append(string? line)
        {
            lock (output)
            {
                if (line is not null)
                    output.Append(line).Append('\n');
            }
        }
    }

    public static ToolResult Dotnet(IEnumerable<string> arguments, string folder, TimeSpan limit, string? flag = null) => Run(DotnetPath, arguments, folder, limit, flag);

    public static bool Exists(string program)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Any(folder => File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe")));
    }

    /// <summary>The <c>dotnet</c> that runs this program: three folders above the framework it has loaded.</summary>
    private static string DotnetPath { get; } = Path.GetFullPath(Path.Combine(
        System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
}
