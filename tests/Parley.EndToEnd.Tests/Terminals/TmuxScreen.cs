using System.Diagnostics;
using System.Globalization;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests.Terminals;

/// <summary>A program in a pseudo-terminal of 110 by 32, which tmux provides: what is typed reaches it as keys, what it draws can be read as text.</summary>
internal sealed class TmuxScreen : IAsyncDisposable
{
    // A tmux server of its own, so that nobody's sessions are touched.
    private readonly string _socket = string.Create(CultureInfo.InvariantCulture, $"parley-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
    private static int _count;

    private TmuxScreen()
    {
    }

    /// <summary>Why there is no pseudo-terminal on this machine, or null if there is one.</summary>
    public static string? Missing { get; } = FindMissing();

    public static async Task<TmuxScreen> StartAsync(string assembly, params string[] arguments)
    {
        TmuxScreen screen = new();
        await screen.TmuxAsync(
        [
            // The screen stays readable when the program ends.
            "new-session", "-d", "-x", "110", "-y", "32", Programs.Dotnet, assembly, .. arguments,
            ";", "set-option", "-g", "remain-on-exit", "on",
            // A lone Escape is a key at once, not the beginning of another.
            ";", "set-option", "-s", "escape-time", "0",
        ]);
        return screen;
    }

    /// <summary>Types a text, character by character.</summary>
    public Task TypeAsync(string text) => TmuxAsync(["send-keys", "-l", "--", text]);

    /// <summary>Presses a key by tmux's name for it: Enter, Tab, Escape, C-q.</summary>
    public Task PressAsync(string key) => TmuxAsync(["send-keys", key]);

    /// <summary>Types a line and sends it.</summary>
    public async Task EnterAsync(string line)
    {
        await TypeAsync(line);
        await PressAsync("Enter");
    }

    public Task<string> ReadAsync() => TmuxAsync(["capture-pane", "-p"]);

    /// <summary>Waits until the text stands somewhere on the screen.</summary>
    public async Task ShowsAsync(string text)
    {
        string screen = "";
        await Eventually.SeesAsync($"'{text}' on the screen", async () => (screen = await ReadAsync()).Contains(text, StringComparison.Ordinal) ? screen : null, () => screen);
    }

    /// <summary>Waits until the program has ended.</summary>
    public Task EndsAsync()
    {
        string screen = "";
        return Eventually.SeesAsync(
            "the end of the program",
            async () =>
            {
                screen = await ReadAsync();
                return await TmuxAsync(["display-message", "-p", "#{pane_dead}"]) == "1\n" ? screen : null;
            },
            () => screen);
    }

    public async ValueTask DisposeAsync() => await TmuxAsync(["kill-server"]);

    private static string? FindMissing()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Any(folder => File.Exists(Path.Combine(folder, "tmux"))) ? null : "There is no tmux, which provides the pseudo-terminal: apt-get install tmux.";
    }

    private async Task<string> TmuxAsync(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new("tmux", ["-u", "-L", _socket, "-f", "/dev/null", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process? tmux = Process.Start(start);
        Assert.NotNull(tmux);
        Task<string> errors = tmux.StandardError.ReadToEndAsync();
        string output = await tmux.StandardOutput.ReadToEndAsync();
        await tmux.WaitForExitAsync();
        Assert.True(tmux.ExitCode == 0, $"tmux {string.Join(' ', arguments)}: {await errors}");
        return output;
    }
}
