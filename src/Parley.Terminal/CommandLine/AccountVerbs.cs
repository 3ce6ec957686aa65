using System.CommandLine;
using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Profile;
using Parley.Terminal.Text;
using Spectre.Console;

namespace Parley.Terminal.CommandLine;

/// <summary>The commands about oneself and about who others are: join, whoami, nick, invite, verify.</summary>
internal static class AccountVerbs
{
    private const int InviteUsesMax = 1000;
    private const int InviteDaysMax = 365;

    /// <summary>All of them.</summary>
    public static IEnumerable<Verb> All() => [Join(), WhoAmI(), Nick(), Invite(), Verify()];

    private static Verb Join()
    {
        var link = new Argument<string>("LINK") { Description = "The invite link you were given." };
        var name = new Option<string?>("--name") { Description = "The user name to take. Asked for on a terminal.", HelpName = "HANDLE" };
        return new Verb(
            new Command("join", "Makes your account on a server, by invite. Your keys are made here, and the server never has them.") { link, name },
            (parsed, invocation) => JoinAsync(invocation, parsed.GetRequiredValue(link), parsed.GetValue(name)),
            "parley join https://chat.example.org/i/CODE", "parley join https://chat.example.org/i/CODE --name alice");
    }

    private static async Task<ExitCode> JoinAsync(Invocation invocation, string link, string? name)
    {
        if (!InviteLink.TryParse(link, out InviteLink? invite))
            return invocation.Fail("usage", "That is not an invite link. It looks like https://chat.example.org/i/CODE.", ExitCode.Usage);
        if (name is null && (invocation.Json || !invocation.Console.InIsTerminal || !invocation.Console.OutIsTerminal))
            return invocation.Fail("usage", "A user name is needed: --name HANDLE.", ExitCode.Usage);
        name ??= AskForName();
        if (!Handle.TryParse(name.Trim(), out Handle? handle))
            return invocation.Fail("usage", "A user name is 1 to 32 letters and digits, and . _ - after the first character.", ExitCode.Usage);
        if (!invocation.OpenProfile().TryGetValue(out ProfileSession? session, out ClientError? error))
            return invocation.Fail(error);
        await using (session)
        {
            ClientResult joined = await invocation.ProgressAsync("Making your keys and your account…", session.SignUpAsync(invite, handle, invocation.Cancelled));
            if (!joined.Succeeded)
                return invocation.Fail(joined.Error);
            if (session.Client is not { } client)
                throw new InvalidOperationException("An account that was made has a client.");
            invocation.Answer(Of(client, invocation), AnswersJson.Default.AccountAnswer, $"Welcome, {client.Self}. “parley” opens the chat, “parley send @name \"hi\"” sends a first message.");
        }

        return ExitCode.Done;
    }

    private static string AskForName()
    {
        var prompt = new TextPrompt<string>("Choose a user name:") { Validator = text => Handle.TryParse(text.Trim(), out _) ? ValidationResult.Success() : ValidationResult.Error("1 to 32 letters and digits, and . _ - after the first character.") };
        string suggested = ProfileSession.SuggestedName();
        return AnsiConsole.Prompt(suggested.Length == 0 ? prompt : prompt.DefaultValue(suggested));
    }

    private static Verb WhoAmI() => new(
        new Command("whoami", "Shows your user name, your server and where your profile is."),
        (_, invocation) => invocation.WithAccountAsync(client =>
        {
            invocation.Answer(Of(client, invocation), AnswersJson.Default.AccountAnswer, $"{client.Self} on {SafeText.Line(client.Server)}, profile {invocation.ProfileFolder}");
            return Task.FromResult(ExitCode.Done);
        }),
        "parley whoami --json");

    private static Verb Nick()
    {
        var name = new Argument<string>("NAME") { Description = "The name others see beside your handle." };
        return new Verb(
            new Command("nick", "Sets the name others see beside your handle.") { name },
            (parsed, invocation) => invocation.WithServerAsync(async client =>
            {
                ClientResult set = client.SetNickname(parsed.GetRequiredValue(name));
                if (!set.Succeeded)
                    return invocation.Fail(set.Error);
                await invocation.ProgressAsync("Telling your conversations…", client.FlushAsync(invocation.Cancelled));
                invocation.Answer(Of(client, invocation), AnswersJson.Default.AccountAnswer, "Your name is set.");
                return ExitCode.Done;
            }),
            "parley nick \"Alice of Accounting\"");
    }

    private static Verb Invite()
    {
        var uses = new Option<int>("--uses") { Description = "How many people may use the link.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var days = new Option<int>("--days") { Description = "For how many days it is valid.", HelpName = "N", DefaultValueFactory = _ => 7 };
        return new Verb(
            new Command("invite", "Makes a link with which people can join the server.") { uses, days },
            (parsed, invocation) => InviteAsync(invocation, parsed.GetValue(uses), parsed.GetValue(days)),
            "parley invite", "parley invite --uses 20 --days 2");
    }

    private static Task<ExitCode> InviteAsync(Invocation invocation, int uses, int days)
    {
        if (uses is < 1 or > InviteUsesMax || days is < 1 or > InviteDaysMax)
            return Task.FromResult(invocation.Fail("usage", $"--uses takes 1 to {InviteUsesMax}, --days 1 to {InviteDaysMax}.", ExitCode.Usage));
        return invocation.WithServerAsync(async client =>
        {
            if (!(await client.CreateInviteAsync(uses, TimeSpan.FromDays(days), invocation.Cancelled)).TryGetValue(out string? link, out ClientError? error))
                return invocation.Fail(error);
            invocation.Answer(new InviteAnswer(link, uses, days), AnswersJson.Default.InviteAnswer, link);
            return ExitCode.Done;
        });
    }

    private static Verb Verify()
    {
        var peer = new Argument<string>("@NAME") { Description = "The person." };
        var yes = new Option<bool>("--yes") { Description = "You have compared the number and it is the same on both sides." };
        var revoke = new Option<bool>("--revoke") { Description = "Take the confirmation back." };
        return new Verb(
            new Command("verify", "Shows the safety number with someone, to compare by voice or in person.") { peer, yes, revoke },
            (parsed, invocation) => VerifyAsync(invocation, parsed.GetRequiredValue(peer), parsed.GetValue(yes), parsed.GetValue(revoke)),
            "parley verify @bob", "parley verify @bob --yes");
    }

    private static Task<ExitCode> VerifyAsync(Invocation invocation, string peer, bool yes, bool revoke)
    {
        if (!Handle.TryParse(peer, out Handle? handle) || (yes && revoke))
            return Task.FromResult(invocation.Fail("usage", "Usage: parley verify @name [--yes | --revoke].", ExitCode.Usage));
        return invocation.WithAccountAsync(client =>
        {
            if (yes || revoke)
            {
                ClientResult confirmed = client.ConfirmVerification(handle, verified: yes);
                if (!confirmed.Succeeded)
                    return Task.FromResult(invocation.Fail(confirmed.Error));
            }

            if (!client.GetVerification(handle).TryGetValue(out Verification? verification, out ClientError? error))
                return Task.FromResult(invocation.Fail(error));
            var answer = new VerificationAnswer(handle.ToString(), verification.SafetyNumber, verification.IsConfirmed, verification.HasChanged);
            invocation.Answer(answer, AnswersJson.Default.VerificationAnswer, $"{verification.SafetyNumber}\n{Standing(verification)}");
            return Task.FromResult(ExitCode.Done);
        });
    }

    private static string Standing(Verification verification) => verification switch
    {
        { HasChanged: true } => $"The key of {verification.Peer} has CHANGED since you verified it. Compare the number again, then add --yes.",
        { IsConfirmed: true } => $"You have verified {verification.Peer}.",
        _ => $"You have not verified {verification.Peer} yet. If they see the same number, add --yes.",
    };

    private static AccountAnswer Of(ParleyClient client, Invocation invocation) => new(client.Self.ToString(), client.Server, client.Device.ToString(), invocation.ProfileFolder);
}
