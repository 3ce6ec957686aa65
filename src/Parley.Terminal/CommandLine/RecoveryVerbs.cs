using System.CommandLine;
using System.Globalization;
using Parley.Client;
using Parley.Client.Recovery;
using Parley.Mls.Crypto;
using Parley.Mls.Native;
using Parley.Terminal.Profile;
using Parley.Terminal.Text;

namespace Parley.Terminal.CommandLine;

/// <summary>The commands that bring an account back: recovery-code, backup, restore. A code is read from the standard input, never from the arguments.</summary>
internal static class RecoveryVerbs
{
    private const string Prompt = "Type the twelve words of the recovery code: ";

    /// <summary>All of them.</summary>
    public static IEnumerable<Verb> All() => [Code(), Backup(), Restore()];

    private static Verb Code()
    {
        var isNew = new Option<bool>("--new") { Description = "Make another one. Backups that were made before still need the old one." };
        return new Verb(
            new Command("recovery-code", "Makes the twelve words that bring your account back when all your devices are gone, and shows them once.") { isNew },
            (parsed, invocation) => invocation.WithServerAsync(async client =>
            {
                if (!(await client.MakeRecoveryCodeAsync(parsed.GetValue(isNew), invocation.Cancelled)).TryGetValue(out RecoveryCode? code, out ClientError? error))
                    return invocation.Fail(error);
                using (code)
                {
                    string words = code.ToWords(new NativeCryptoProvider(RandomSource.System));
                    invocation.Answer(
                        new RecoveryCodeAnswer(words),
                        AnswersJson.Default.RecoveryCodeAnswer,
                        $"{Lines(words)}\n\nWrite these twelve words down, in this order, and keep the paper safe. They are not shown again.\nWith them and a backup (“parley backup FILE”) you get your account back; so does anybody else who has both.");
                }

                return ExitCode.Done;
            }),
            "parley recovery-code");
    }

    /// <summary>Three lines of four words, numbered.</summary>
    private static string Lines(string words) => string.Join(
        '\n',
        words.Split(' ').Select(static (word, i) => $"{(i + 1).ToString(CultureInfo.InvariantCulture),3}. {word,-9}").Chunk(4).Select(static line => string.Join(' ', line).TrimEnd()));

    private static Verb Backup()
    {
        var file = new Argument<string>("FILE") { Description = "The file to write." };
        var replace = new Option<bool>("--replace") { Description = "Replace a file of that name, once the new one is whole." };
        return new Verb(
            new Command("backup", "Writes your account, your conversations and all their messages into a file that only your recovery code opens.") { file, replace },
            (parsed, invocation) => invocation.WithAccountAsync(async client =>
            {
                string path = parsed.GetRequiredValue(file);
                Task<ClientResult<ArchiveSummary>> work = client.BackUpAsync(path, parsed.GetValue(replace), progress: null, invocation.Cancelled);
                if (!(await invocation.ProgressAsync("Writing the backup…", work)).TryGetValue(out ArchiveSummary? summary, out ClientError? error))
                    return invocation.Fail(error);
                Tell(invocation, path, summary, "Written");
                return ExitCode.Done;
            }),
            "parley backup parley.backup", "parley backup --replace /media/usb/parley.backup");
    }

    private static Verb Restore()
    {
        var file = new Argument<string>("FILE") { Description = "The backup." };
        var verify = new Option<bool>("--verify") { Description = "Only read it to its end and say what it has. Changes nothing." };
        var server = new Option<string?>("--server") { Description = "The server’s address, if it is not what it was." };
        return new Verb(
            new Command("restore", "Brings your account back from a backup, as a new device. Asks for the recovery code.") { file, verify, server },
            (parsed, invocation) => RestoreAsync(invocation, parsed.GetRequiredValue(file), parsed.GetValue(verify), parsed.GetValue(server)),
            "parley restore parley.backup --verify", "parley restore parley.backup");
    }

    private static async Task<ExitCode> RestoreAsync(Invocation invocation, string path, bool onlyVerify, string? server)
    {
        Uri? address = null;
        if (server is not null && (!Uri.TryCreate(server, UriKind.Absolute, out address) || address.Scheme is not ("http" or "https")))
            return invocation.Fail("usage", "That is not a server’s address. It looks like https://chat.example.org.", ExitCode.Usage);
        if (!(await ReadCodeAsync(invocation)).TryGetValue(out RecoveryCode? code, out ClientError? error))
            return invocation.Fail(error);
        using (code)
        {
            if (onlyVerify)
            {
                Task<ClientResult<ArchiveSummary>> reading = ParleyClient.VerifyBackupAsync(new NativeCryptoProvider(RandomSource.System), path, code, invocation.Cancelled);
                if (!(await invocation.ProgressAsync("Reading the backup…", reading)).TryGetValue(out ArchiveSummary? found, out error))
                    return invocation.Fail(error);
                Tell(invocation, path, found, "Whole");
                return ExitCode.Done;
            }

            if (!invocation.OpenProfile().TryGetValue(out ProfileSession? session, out error))
                return invocation.Fail(error);
            await using (session)
            {
                Task<ClientResult<ArchiveSummary>> work = session.RestoreAsync(path, code, address, invocation.Cancelled);
                if (!(await invocation.ProgressAsync("Restoring…", work)).TryGetValue(out ArchiveSummary? summary, out error))
                    return invocation.Fail(error);
                Tell(invocation, path, summary, "Restored");
                return ExitCode.Done;
            }
        }
    }

    private static async Task<ClientResult<RecoveryCode>> ReadCodeAsync(Invocation invocation)
    {
        if (invocation.Console.InIsTerminal)
        {
            await invocation.Console.Error.WriteAsync(Prompt.AsMemory(), invocation.Cancelled);
            await invocation.Console.Error.FlushAsync(invocation.Cancelled);
        }

        string typed = await invocation.Console.In.ReadLineAsync(invocation.Cancelled) ?? "";
        return RecoveryCode.Parse(typed, new NativeCryptoProvider(RandomSource.System));
    }

    private static void Tell(Invocation invocation, string path, ArchiveSummary summary, string word)
    {
        string when = summary.MadeAt.LocalDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        string words = $"{word}: {Plural.Of(summary.Conversations, "conversation")} with {Plural.Of(summary.Items, "item")}, as of {when}.";
        if (word == "Restored")
            words += "\nThis is a new device of yours. You can read everything here. To go on in a group, have a member add you again; to go on with one person, write to them, which begins a new conversation.";
        invocation.Answer(new BackupAnswer(path, summary.MadeAt, summary.Conversations, summary.Items), AnswersJson.Default.BackupAnswer, words);
    }
}
