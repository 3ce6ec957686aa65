using System.Diagnostics;
using System.Text;

namespace Parley.EndToEnd.Tests.Processes;

/// <summary>A real process and everything it has printed.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private RunningProgram(ProcessStartInfo start, string input)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.Start();
        _process.StandardInput.Write(input);
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>Standard error so far.</summary>
    public string Errors => Read(_errors);

    public bool HasExited => _process.HasExited;

    /// <summary>Starts one of our own programs, with a variable if it has a value, and with all that is typed into it.</summary>
    public static RunningProgram Start(string assembly, IEnumerable<string> arguments, (string Name, string? Value) variable = default, string input = "") =>
        StartCommand(Programs.Dotnet, [assembly, .. arguments], variable, input);

    /// <summary>Starts any program, with a variable if it has a value, and with all that is typed into it.</summary>
    public static RunningProgram StartCommand(string command, IEnumerable<string> arguments, (string Name, string? Value) variable = default, string input = "")
    {
        ProcessStartInfo start = new(command, arguments)
        {
            WorkingDirectory = Programs.Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        if (variable is ({ } name, { } value))
            start.Environment[name] = value;
        return new RunningProgram(start, input);
    }

    /// <summary>SIGKILL: the process gets no chance to finish anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public Task<int> WaitForExitAsync() => WaitForExitAsync(Eventually.Deadline);

    /// <summary>Waits for the end, so long at most, and returns the exit code.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        using CancellationTokenSource limit = new(deadline);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            Assert.Fail($"The program did not end within {deadline.TotalSeconds} s. It printed:\n{Output}\n{Errors}");
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    // The two streams are read on threads of their own.
    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            if (line is not null)
                text.Append(line).Append('\n');
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
