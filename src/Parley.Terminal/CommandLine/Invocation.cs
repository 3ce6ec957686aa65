using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Profile;
using Parley.Terminal.Text;
using Spectre.Console;

namespace Parley.Terminal.CommandLine;

/// <summary>One run of one command: where it reads and writes, how it answers, and the profile it works on.</summary>
internal sealed record Invocation(CommandLineConsole Console, bool Json, string ProfileFolder, bool AllowsFallbackSuite, PassphraseSource Passphrases, CancellationToken Cancelled)
{
    private static readonly TimeSpan ProgressAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(5);

    /// <summary>Answers with a shape for a program, or words for a person.</summary>
    public void Answer<T>(T answer, JsonTypeInfo<T> shape, string words) => Console.Out.Write((Json ? JsonSerializer.Serialize(answer, shape) : words) + "\n");

    /// <summary>Says why it did not work: one sentence on the error stream, or the error's shape where a program reads the answer.</summary>
    public ExitCode Fail(string code, string sentence, ExitCode exit)
    {
        if (Json)
            Console.Out.Write(JsonSerializer.Serialize(new ErrorAnswer(code, sentence), AnswersJson.Default.ErrorAnswer) + "\n");
        else
            Console.Error.Write($"parley: {SafeText.Line(sentence)}\n");
        return exit;
    }

    /// <summary>Says why it was refused.</summary>
    public ExitCode Fail(ClientError error) => Fail(AnswersJson.Name(error.Code), error.Sentence, ExitCodes.Of(error.Code));

    /// <summary>Opens the profile.</summary>
    public ClientResult<ProfileSession> OpenProfile() => ProfileSession.Open(ProfileFolder, AllowsFallbackSuite, Passphrases.Current);

    /// <summary>Works with the account, without the server.</summary>
    public async Task<ExitCode> WithAccountAsync(Func<ParleyClient, Task<ExitCode>> work)
    {
        if (!OpenProfile().TryGetValue(out ProfileSession? session, out ClientError? error))
            return Fail(error);
        await using (session)
        {
            ClientResult opened = await session.OpenAccountAsync(Cancelled);
            if (!opened.Succeeded)
                return Fail(opened.Error);
            return session.Client is { } client ? await work(client) : throw new InvalidOperationException("An opened account has a client.");
        }
    }

    /// <summary>
    /// Works with the account after everything the server has for it has been read; if the server cannot be reached, or asks to wait, with what is here, and the
    /// work is told so by the refusal.
    /// </summary>
    public Task<ExitCode> WithLatestAsync(Func<ParleyClient, ClientError?, Task<ExitCode>> work) => WithAccountAsync(async client =>
    {
        client.Start();
        ClientResult caughtUp = await ProgressAsync("Catching up…", client.CatchUpAsync(Cancelled));
        bool mayPass = caughtUp.Error?.Code is null or ClientErrorCode.Offline or ClientErrorCode.RateLimited or ClientErrorCode.TooManyConnections
            or ClientErrorCode.ServerBusy or ClientErrorCode.ServerFailed or ClientErrorCode.ServerStoreFailed;
        if (caughtUp.Error is not null && !mayPass)
            return Fail(caughtUp.Error);
        ExitCode exit = await work(client, caughtUp.Error);
        // What earlier commands could not send goes out before this one ends. If it still cannot, it stays kept.
        if (caughtUp.Succeeded && !Cancelled.IsCancellationRequested)
        {
            await ProgressAsync("Sending what was kept…", client.FlushAsync(Cancelled));
            await ProgressAsync("Handing over history…", client.HandOverAsync(HandOverPatience, Cancelled));
        }

        return exit;
    });

    /// <summary>Works with the account and the server.</summary>
    public Task<ExitCode> WithServerAsync(Func<ParleyClient, Task<ExitCode>> work) =>
        WithLatestAsync((client, offline) => offline is null ? work(client) : Task.FromResult(Fail(offline)));

    /// <summary>Works with one conversation and the server.</summary>
    public Task<ExitCode> WithConversationAsync(string address, Func<ParleyClient, Conversation, Task<ExitCode>> work) => WithServerAsync(client =>
        TryFind(client, address, out Conversation? conversation, out ExitCode failed) ? work(client, conversation) : Task.FromResult(failed));

    /// <summary>Works with one conversation as it is known here, read anew if the server can be reached.</summary>
    public Task<ExitCode> WithLatestConversationAsync(string address, Func<ParleyClient, Conversation, ExitCode> work) => WithLatestAsync((client, _) =>
        Task.FromResult(TryFind(client, address, out Conversation? conversation, out ExitCode failed) ? work(client, conversation) : failed));

    /// <summary>Finds the conversation an address means, or says why there is not exactly one.</summary>
    public bool TryFind(ParleyClient client, string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Conversation? conversation, out ExitCode failed)
    {
        conversation = null;
        failed = ExitCode.Done;
        IReadOnlyList<Conversation> found = ConversationAddress.TryParse(text, out ConversationAddress? address) ? address.FindIn(client.Conversations) : [];
        switch (found.Count)
        {
            case 1:
                conversation = found[0];
                return true;
            case 0:
                failed = Fail(AnswersJson.Name(ClientErrorCode.ConversationUnknown), $"There is no conversation {text}. “parley conversations” lists them.", ExitCode.Refused);
                return false;
            default:
                string ids = string.Join(", ", found.Select(one => "#" + one.Id.ToString()[..8]));
                failed = Fail("conversation_ambiguous", $"Several groups have that name. Use the beginning of an id: {ids}.", ExitCode.Refused);
                return false;
        }
    }

    /// <summary>Says on the error stream what takes so long, once it takes over a second.</summary>
    public async Task<T> ProgressAsync<T>(string words, Task<T> work)
    {
        if (Json || !Console.ErrorIsTerminal || await Task.WhenAny(work, Task.Delay(ProgressAfter, TimeProvider.System, Cancelled)) == work)
            return await work;
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await terminal.Status().StartAsync(words, _ => work);
    }

    /// <summary>Writes rows: a table on a terminal, columns parted by tabs for other programs.</summary>
    public void Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (!Console.OutIsTerminal)
        {
            foreach (IReadOnlyList<string> row in rows)
                Console.Out.Write(string.Join('\t', row.Select(SafeText.Line)) + "\n");
            return;
        }

        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (string head in heads)
            table.AddColumn(new TableColumn(new Spectre.Console.Text(head, new Style(decoration: Decoration.Bold))));
        foreach (IReadOnlyList<string> row in rows)
            table.AddRow(row.Select(cell => new Spectre.Console.Text(SafeText.Line(cell))));
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }).Write(table);
    }
}

/// <summary>The streams a command reads and writes, and which of them are terminals.</summary>
internal sealed record CommandLineConsole(TextReader In, TextWriter Out, TextWriter Error, bool InIsTerminal, bool OutIsTerminal, bool ErrorIsTerminal)
{
    /// <summary>The process's own.</summary>
    public static CommandLineConsole OfProcess() => new(
        System.Console.In, System.Console.Out, System.Console.Error, !System.Console.IsInputRedirected, !System.Console.IsOutputRedirected, !System.Console.IsErrorRedirected);
}
