using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Parley.Client;
using Parley.Client.Store;
using Parley.Terminal.Host;
using Parley.Terminal.Profile;

namespace Parley.Terminal.CommandLine;

/// <summary>
/// The command line: <c>parley</c> alone opens the full-screen program, <c>parley VERB</c> does one thing and ends. Every verb has the options
/// <c>--json</c>, <c>--profile</c> and <c>--allow-classical</c>.
/// </summary>
internal sealed class ParleyCommandLine
{
    private readonly Option<bool> _json = new("--json") { Description = "Answer with JSON, for programs.", Recursive = true };
    private readonly Option<string?> _profile = new("--profile")
    {
        Description = $"The folder with your keys and messages. Default: ${ProfileFolder.Variable}, else the system's folder for data.",
        HelpName = "DIR",
        Recursive = true,
    };

    private readonly Option<bool> _allowFallback = new("--allow-classical")
    {
        Description = "Also start conversations with people whose Parley is too old for post-quantum encryption.",
        Recursive = true,
    };

    private readonly Option<int?> _passphraseDescriptor = new("--passphrase-fd")
    {
        Description = $"Read the passphrase of a locked profile from this file descriptor. Without it, from ${PassphraseSource.Variable} or the terminal.",
        HelpName = "N",
        Recursive = true,
    };

    private readonly CommandLineConsole _console;
    private readonly Dictionary<Command, string[]> _examples = [];

    private ParleyCommandLine(CommandLineConsole console) => _console = console;

    /// <summary>Runs the program. Everything it has to say goes through the console given.</summary>
    public static async Task<int> RunAsync(string[] arguments, CommandLineConsole console)
    {
        var commandLine = new ParleyCommandLine(console);
        RootCommand root = commandLine.Build();
        // An argument such as @alice is a person here, not the name of a file with more arguments.
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
            return (int)commandLine.Invoked(parsed, CancellationToken.None).Fail("usage", $"{parsed.Errors[0].Message.TrimEnd('.')}. “parley --help” shows how.", ExitCode.Usage);
        var configuration = new InvocationConfiguration { Output = console.Out, Error = console.Error, EnableDefaultExceptionHandler = false };
        // The full-screen program ends itself when it is told to: it has a terminal to put in order.
        if (parsed.CommandResult.Command == root)
            configuration.ProcessTerminationTimeout = null;
        try
        {
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            return (int)ExitCode.Interrupted;
        }
        catch (ClientStoreException failed)
        {
            return (int)commandLine.Invoked(parsed, CancellationToken.None).Fail(ErrorText.Of(failed.Code));
        }
    }

    private RootCommand Build()
    {
        var root = new RootCommand("End-to-end encrypted chat. Without a command, opens the full-screen program.") { _json, _profile, _allowFallback, _passphraseDescriptor };
        root.SetAction((parsed, cancelled) => OpenChatAsync(Invoked(parsed, cancelled)));
        _examples[root] = ["parley join https://chat.example.org/i/CODE", "parley", "parley send @bob \"See you at eight :wave:\"", "parley read '#climbers' --follow"];
        foreach (Verb verb in AccountVerbs.All().Concat(DeviceVerbs.All()).Concat(MessageVerbs.All()).Concat(ConversationVerbs.All()).Concat(RecoveryVerbs.All()).Append(LockVerb.Lock()).Append(LockVerb.Unlock()))
        {
            verb.Command.SetAction(async (parsed, cancelled) => (int)await verb.Run(parsed, Invoked(parsed, cancelled)));
            _examples[verb.Command] = verb.Examples;
            root.Add(verb.Command);
        }

        if (root.Options.OfType<HelpOption>().FirstOrDefault() is { Action: HelpAction help } option)
            option.Action = new HelpWithExamples(help, _examples);
        return root;
    }

    private Invocation Invoked(ParseResult parsed, CancellationToken cancelled) =>
        new(_console, parsed.GetValue(_json), ProfileFolder.Find(parsed.GetValue(_profile)), parsed.GetValue(_allowFallback),
            new PassphraseSource(_console, parsed.GetValue(_json), parsed.GetValue(_passphraseDescriptor)), cancelled);

    private static async Task<int> OpenChatAsync(Invocation invocation)
    {
        if (!invocation.Console.InIsTerminal || !invocation.Console.OutIsTerminal)
            return (int)invocation.Fail("terminal_missing", "The full-screen program needs a terminal; “parley --help” shows the commands for scripts.", ExitCode.Usage);
        if (!invocation.OpenProfile().TryGetValue(out ProfileSession? session, out ClientError? error))
            return (int)invocation.Fail(error);
        await using (session)
            await ChatHost.RunAsync(session);
        return (int)ExitCode.Done;
    }

    /// <summary>The library's help, followed by examples of the command.</summary>
    private sealed class HelpWithExamples(HelpAction help, Dictionary<Command, string[]> examples) : SynchronousCommandLineAction
    {
        // Whoever asks for help has not finished the command yet.
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int result = help.Invoke(parseResult);
            if (examples.TryGetValue(parseResult.CommandResult.Command, out string[]? lines))
                parseResult.InvocationConfiguration.Output.Write($"Examples:\n{string.Concat(lines.Select(line => $"  {line}\n"))}\n");
            return result;
        }
    }
}

/// <summary>A command of the command line, what it does, and examples for its help.</summary>
internal sealed record Verb(Command Command, Func<ParseResult, Invocation, Task<ExitCode>> Run, params string[] Examples);
