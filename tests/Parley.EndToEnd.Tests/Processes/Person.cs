using System.Text.Json;

namespace Parley.EndToEnd.Tests.Processes;

/// <summary>How a command of the command line ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>One line of <c>parley read --json</c>.</summary>
internal sealed record TimelineLine(string? Sender, string Name, string Kind, string Text, string State)
{
    public static TimelineLine Parse(string json)
    {
        using JsonDocument line = JsonDocument.Parse(json);
        string? Field(string name) => line.RootElement.GetProperty(name).GetString();
        return new TimelineLine(Field("sender"), Field("name") ?? "", Field("kind") ?? "", Field("text") ?? "", Field("state") ?? "");
    }
}

/// <summary>A person at a command line, with a profile folder of their own. Every call is a process that starts, does one thing, and ends.</summary>
internal sealed class Person(string handle, string profile)
{
    /// <summary>How a command ends that could not reach the server.</summary>
    public const int OfflineExitCode = 4;

    /// <summary>How a command ends that was refused.</summary>
    public const int RefusedExitCode = 3;

    public string Handle { get; } = handle;

    public string Profile { get; } = profile;

    /// <summary>A file with the only certificates that this person's programs trust; otherwise those that the system does.</summary>
    public string? TrustedCertificates { get; init; }

    /// <summary>What others address this person by.</summary>
    public string Address => "@" + Handle;

    /// <summary>Runs <c>parley</c> with these arguments, whatever comes of it.</summary>
    public async Task<CommandResult> TryAsync(params string[] arguments)
    {
        await using RunningProgram program = RunningProgram.Start(Programs.Terminal, [.. arguments, "--profile", Profile], ("SSL_CERT_FILE", TrustedCertificates));
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

    /// <summary>Sends, or leaves the message in the outbox where the server cannot be reached. Anything else is a failure.</summary>
    public async Task<bool> SendOrQueueAsync(string conversation, string text)
    {
        CommandResult result = await TryAsync("send", conversation, text, "--json");
        Assert.True(result.ExitCode is 0 or OfflineExitCode, $"{Handle}: {result}");
        return result.ExitCode == 0;
    }

    /// <summary>Catches up and returns what stands in a conversation, oldest first.</summary>
    public async Task<IReadOnlyList<TimelineLine>> ReadAsync(string conversation)
    {
        CommandResult result = await RunAsync("read", conversation, "--count", "10000", "--json");
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(TimelineLine.Parse)];
    }

    /// <summary>Catches up and returns what people said in a conversation, oldest first.</summary>
    public async Task<IReadOnlyList<string>> ReadTextsAsync(string conversation) => [.. (await ReadAsync(conversation)).Where(line => line.Kind == "text").Select(line => line.Text)];

    /// <summary>Catches up and tells how this person stands to a conversation: active, left, removed.</summary>
    public async Task<string?> StandingAsync(string conversation) => (await FindAsync(conversation)).GetProperty("state").GetString();

    /// <summary>Catches up and tells whether a conversation has post-quantum encryption.</summary>
    public async Task<bool> IsPostQuantumAsync(string conversation) => (await FindAsync(conversation)).GetProperty("is_post_quantum").GetBoolean();

    private async Task<JsonElement> FindAsync(string conversation)
    {
        using JsonDocument list = JsonDocument.Parse((await RunAsync("conversations", "--json")).Output);
        return list.RootElement.EnumerateArray().Single(one => one.GetProperty("address").GetString() == conversation).Clone();
    }
}
