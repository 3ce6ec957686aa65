using Parley.Client;

namespace Parley.Terminal.CommandLine;

/// <summary>What a script learns from how the program ended. The numbers are a promise.</summary>
internal enum ExitCode
{
    /// <summary>Done.</summary>
    Done = 0,

    /// <summary>This device or this program failed: disk, key file, a bug.</summary>
    Failed = 1,

    /// <summary>The command was not understood.</summary>
    Usage = 2,

    /// <summary>Refused: by the server, by a conversation's rules, or because what was named is not there.</summary>
    Refused = 3,

    /// <summary>The server cannot be reached. A message that was to be sent is kept and goes out with the next command that reaches it.</summary>
    Offline = 4,

    /// <summary>There is no account in the profile yet.</summary>
    NoAccount = 5,

    /// <summary>Another Parley has the profile open.</summary>
    ProfileInUse = 6,

    /// <summary>The profile is locked, and its passphrase was missing, wrong, or given too soon after wrong ones.</summary>
    Locked = 7,

    /// <summary>Interrupted by the user.</summary>
    Interrupted = 130,
}

/// <summary>The exit code of each refusal.</summary>
internal static class ExitCodes
{
    /// <summary>The exit code of a refusal.</summary>
    public static ExitCode Of(ClientErrorCode code) => code switch
    {
        ClientErrorCode.Offline => ExitCode.Offline,
        ClientErrorCode.AccountMissing => ExitCode.NoAccount,
        ClientErrorCode.ProfileInUse => ExitCode.ProfileInUse,
        ClientErrorCode.PassphraseNeeded or ClientErrorCode.PassphraseWrong or ClientErrorCode.PassphraseTooSoon => ExitCode.Locked,
        ClientErrorCode.ProfileTooNew or ClientErrorCode.ProfileKeyWrong or ClientErrorCode.ProfileDamaged or ClientErrorCode.StoreFailed or ClientErrorCode.BackupFailed or ClientErrorCode.Failed => ExitCode.Failed,
        _ => ExitCode.Refused,
    };
}
