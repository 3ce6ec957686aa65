using System.CommandLine;
using Parley.Client;
using Parley.Client.Sqlite;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Terminal.CommandLine;

/// <summary>The commands about the passphrase: lock and unlock. The passphrase itself is never an argument.</summary>
internal static class LockVerb
{
    /// <summary>Sets or changes the passphrase, or tells whether there is one.</summary>
    public static Verb Lock()
    {
        var status = new Option<bool>("--status") { Description = "Only tell whether there is a passphrase." };
        return new Verb(
            new Command("lock", "Sets the passphrase without which nobody can open this profile, or changes it. If you forget it, the messages here are lost.") { status },
            (parsed, invocation) => Task.FromResult(parsed.GetValue(status) ? Tell(invocation) : Change(invocation, isLocked: true)),
            "parley lock", "parley lock --status --json");
    }

    /// <summary>Takes the passphrase away.</summary>
    public static Verb Unlock() => new(
        new Command("unlock", "Takes the passphrase away: from now on this profile opens without one."),
        (_, invocation) => Task.FromResult(Change(invocation, isLocked: false)),
        "parley unlock");

    private static ExitCode Change(Invocation invocation, bool isLocked)
    {
        ClientResult changed = ProfileStore.ChangePassphrase(
            invocation.ProfileFolder, new NativeCryptoProvider(RandomSource.System), invocation.Passphrases.Current, isLocked ? NewPassphrase : null);
        return changed.Succeeded ? Tell(invocation) : invocation.Fail(changed.Error);

        ClientResult<Secret> NewPassphrase() => invocation.Passphrases.New() is { } given
            ? ClientResult.Of(given)
            : ClientResult.Refuse<Secret>(new ClientError(ClientErrorCode.PassphraseNeeded, "No new passphrase was given, or not the same twice, so nothing was changed."));
    }

    private static ExitCode Tell(Invocation invocation)
    {
        bool isLocked = ProfileStore.IsLocked(invocation.ProfileFolder);
        string words = isLocked ? "This profile opens with its passphrase only." : "This profile opens without a passphrase.";
        invocation.Answer(new LockAnswer(invocation.ProfileFolder, isLocked), AnswersJson.Default.LockAnswer, words);
        return ExitCode.Done;
    }
}
