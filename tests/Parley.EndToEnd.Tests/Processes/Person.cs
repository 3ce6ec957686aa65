namespace Parley.EndToEnd.Tests.Processes;

/// <summary>How a command of the command line ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>A person at a command line, with a profile folder of their own. Every call is a process that starts, does one thing, and ends.</summary>
internal sealed class Person(string handle, string profile)
{
    public string Handle { get; } = handle;

    public string Profile { get; } = profile;

    /// <summary>What others address this person by.</summary>
    public string Address => "@" + Handle;

    /// <summary>Runs <c>parley</c> with these arguments, whatever comes of it.</summary>
    public async Task<CommandResult> TryAsync(params string[] arguments)
    {
        await using RunningProgram program = RunningProgram.Start(Programs.Terminal, [.. arguments, "--profile", Profile]);
        int exitCode = await program.WaitForExitAsync();
        return new CommandResult(exitCode, program.Output, program.Errors);
    }

    /// <summary>Runs <c>parley</c> with these arguments, which must succeed.</summary>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        CommandResult result = await TryAsync(arguments);
        Assert.True(result.ExitCode == 0, $"{Handle}: parley {string.Join(' ', arguments)}: {result}");
        return result;
    }

    public Task JoinAsync(string link) => RunAsync("join", link, "--name", Handle, "--json");

    public Task SendAsync(string conversation, string text) => RunAsync("send", conversation, text, "--json");
}
