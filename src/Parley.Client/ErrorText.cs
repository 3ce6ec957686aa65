using Parley.Client.Recovery;
using Parley.Contracts.Wire;

namespace Parley.Client;

/// <summary>The one place where refusals become sentences. A wire code is never shown: each maps to a code of ours, each of which has one sentence.</summary>
public static class ErrorText
{
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromHours(1);

    /// <summary>The refusal with its sentence.</summary>
    public static ClientError Of(ClientErrorCode code) => new(code, Sentence(code));

    /// <summary>The refusal that a wire error code means to a user.</summary>
    public static ClientError Of(ErrorCode code) => Of(FromWire(code));

    /// <summary>The same, where the server has said in how long it may be tried again. What no server can mean counts as unsaid.</summary>
    public static ClientError Of(ErrorCode code, long retryAfterMs)
    {
        ClientError error = Of(code);
        if (retryAfterMs <= 0)
            return error;
        var wait = TimeSpan.FromMilliseconds(Math.Min(retryAfterMs, (long)RetryAfterMax.TotalMilliseconds));
        string sentence = error.Code == ClientErrorCode.RateLimited ? $"The server lets nobody do this more often. Try again in {Words(wait)}." : error.Sentence;
        return new ClientError(error.Code, sentence, wait);
    }

    /// <summary>The refusal of a passphrase that is given too soon after wrong ones.</summary>
    public static ClientError PassphraseTooSoon(TimeSpan wait) =>
        new(ClientErrorCode.PassphraseTooSoon, $"There were too many wrong passphrases. Try again in {Words(wait)}.", wait);

    private static string Words(TimeSpan wait)
    {
        int seconds = (int)Math.Ceiling(wait.TotalSeconds);
        if (seconds <= 1)
            return "a second";
        return seconds < 120 ? $"{seconds} seconds" : $"{(seconds + 59) / 60} minutes";
    }

    private static ClientErrorCode FromWire(ErrorCode code) => code switch
    {
        ErrorCode.VersionUnsupported => ClientErrorCode.VersionUnsupported,
        ErrorCode.TooLarge => ClientErrorCode.MessageTooLong,
        ErrorCode.RateLimited => ClientErrorCode.RateLimited,
        ErrorCode.TooManyConnections => ClientErrorCode.TooManyConnections,
        ErrorCode.Overloaded => ClientErrorCode.ServerBusy,
        ErrorCode.TimedOut => ClientErrorCode.Offline,
        ErrorCode.Unauthenticated or ErrorCode.ChallengeFailed or ErrorCode.DeviceUnknown => ClientErrorCode.SignInRefused,
        ErrorCode.Forbidden => ClientErrorCode.Forbidden,
        ErrorCode.NotFound => ClientErrorCode.PeerUnknown,
        ErrorCode.StoreUnavailable => ClientErrorCode.ServerStoreFailed,
        ErrorCode.InviteUnknown => ClientErrorCode.InviteUnknown,
        ErrorCode.InviteExpired => ClientErrorCode.InviteExpired,
        ErrorCode.InviteUsed => ClientErrorCode.InviteUsed,
        ErrorCode.LinkUnknown => ClientErrorCode.LinkUnknown,
        ErrorCode.LinkUsed => ClientErrorCode.LinkUsed,
        ErrorCode.TooManyDevices => ClientErrorCode.TooManyDevices,
        ErrorCode.RecoveryRefused => ClientErrorCode.RecoveryRefused,
        ErrorCode.HandleTaken => ClientErrorCode.HandleTaken,
        ErrorCode.HandleInvalid => ClientErrorCode.HandleInvalid,
        ErrorCode.CertificateInvalid => ClientErrorCode.CertificateInvalid,
        ErrorCode.KeyPackageExhausted => ClientErrorCode.PeerUnreachable,
        ErrorCode.NotAMember => ClientErrorCode.NotMember,
        ErrorCode.None or ErrorCode.Internal => ClientErrorCode.ServerFailed,
        // What is left is answered only to a client that errs, or by a server that does.
        _ => ClientErrorCode.ServerMisbehaved,
    };

    private static string Sentence(ClientErrorCode code) => code switch
    {
        ClientErrorCode.Offline => "The server cannot be reached. Messages you write are kept and sent when it is back.",
        ClientErrorCode.AccountMissing => "There is no account here yet. Join a server with an invite link first.",
        ClientErrorCode.AccountPresent => "This profile already has an account. Use another profile to join as someone else.",
        ClientErrorCode.ProfileInUse => "Parley is already running with this profile. Close it, or use another profile.",
        ClientErrorCode.ProfileTooNew => "This profile was last used by a newer version of Parley. Update Parley to open it.",
        ClientErrorCode.ProfileKeyWrong => "The profile's key file is missing or does not belong to it, so its messages cannot be decrypted. Restore the key file from your backup.",
        ClientErrorCode.ProfileDamaged => "The profile's database is damaged. Restore the profile from your backup, or use another profile.",
        ClientErrorCode.PassphraseNeeded => "This profile is locked. Its passphrase is asked for on a terminal, or read from where --passphrase-fd or PARLEY_PASSPHRASE says.",
        ClientErrorCode.PassphraseWrong => "That is not the passphrase of this profile. Nothing was changed.",
        ClientErrorCode.PassphraseTooSoon => "There were too many wrong passphrases. Wait a little before you try the next.",
        ClientErrorCode.StoreFailed => "Nothing can be written to this device: its disk is full or failing. Free some space and try again.",
        ClientErrorCode.InviteUnknown => "This invite does not exist. Check the link, or ask for a new one.",
        ClientErrorCode.InviteExpired => "This invite has expired. Ask for a new one.",
        ClientErrorCode.InviteUsed => "This invite has been used up. Ask for a new one.",
        ClientErrorCode.HandleTaken => "Someone already has that name. Choose another.",
        ClientErrorCode.HandleInvalid => "That is not a name that can be used: 1 to 32 letters, digits, and . _ - after the first character.",
        ClientErrorCode.SignInRefused => "The server does not let this device sign in.",
        ClientErrorCode.VersionUnsupported => "The server speaks another version of the protocol. Update Parley, or ask the server's owner to.",
        ClientErrorCode.RateLimited => "Too many requests. Wait a moment and try again.",
        ClientErrorCode.TooManyConnections => "Parley is running too often with this account, or from this network. Close it elsewhere, or wait until the server lets you in.",
        ClientErrorCode.ServerBusy => "The server has more to do than it can. Messages you write are kept and sent later.",
        ClientErrorCode.Forbidden => "The server does not allow you to do this.",
        ClientErrorCode.ServerStoreFailed => "The server cannot store anything now; its disk may be full. Messages you write are kept and sent later.",
        ClientErrorCode.ServerFailed => "Something went wrong in the server. Try again later.",
        ClientErrorCode.ServerMisbehaved => "The server's answer does not follow the protocol, so it was ignored. Tell the server's owner.",
        ClientErrorCode.PeerUnknown => "Nobody on this server has that name.",
        ClientErrorCode.PeerIsSelf => "That is you.",
        ClientErrorCode.PeerUnreachable => "This person cannot be added now: their devices have left nothing to add them with. Ask them to open Parley once.",
        ClientErrorCode.PeerNotPostQuantum => "This person’s Parley is too old for post-quantum encryption. Ask them to update it; only if you allow it is a conversation started without.",
        ClientErrorCode.CertificateInvalid => "A device of this person could not be proven to be theirs, so nothing was sent. Tell the server's owner.",
        ClientErrorCode.AccountKeyChanged => "This person's account key has changed since you verified it. Compare the safety number with them again first.",
        ClientErrorCode.ConversationUnknown => "There is no such conversation.",
        ClientErrorCode.NotMember => "You are no longer a member of this conversation.",
        ClientErrorCode.ConversationBroken => "This conversation cannot go on; its last notice says why.",
        ClientErrorCode.NotAdmin => "Only an administrator of this group can do this.",
        ClientErrorCode.NotGroup => "This works in groups only, not in a direct conversation.",
        ClientErrorCode.AlreadyMember => "They are already a member.",
        ClientErrorCode.PeerNotMember => "Nobody with that name is in this conversation.",
        ClientErrorCode.MessageEmpty => "There is nothing to send.",
        ClientErrorCode.MessageTooLong => "This message is too long.",
        ClientErrorCode.MessageOnItsWay => "This message is on its way already and cannot be taken back.",
        ClientErrorCode.MessageNotQueued => "No message with that id waits to be sent. “parley outbox” lists those that do.",
        ClientErrorCode.NameInvalid => "That name cannot be used: 1 to 64 characters, without control characters.",
        ClientErrorCode.GroupTooLarge => "This group cannot take that many members.",
        ClientErrorCode.LinkUnknown => "No device waits under that code. Codes are good for ten minutes: run “parley link” on the new device again.",
        ClientErrorCode.LinkUsed => "This code has been used already, perhaps by somebody else. Run “parley link” on the new device again, and use the new code.",
        ClientErrorCode.LinkMismatch => "The two devices do not see the same, so nothing was handed over: a number was mistyped, or somebody stands between them. Run “parley link” on the new device again.",
        ClientErrorCode.RecoveryCodeInvalid => $"That is no recovery code. It has {RecoveryCode.WordCount} words.",
        ClientErrorCode.RecoveryCodeWrong => "This recovery code does not open this backup. It was made under another one.",
        ClientErrorCode.RecoveryRefused => "The server does not bring back this account by this code. Perhaps a new one was made since.",
        ClientErrorCode.RecoveryCodeMissing => "There is no recovery code yet. Make one with “parley recovery-code”, and write it down.",
        ClientErrorCode.RecoveryCodePresent => "A recovery code was made on this device before. With “--new” it is replaced; older backups still need the old one.",
        ClientErrorCode.BackupMissing => "There is no such file.",
        ClientErrorCode.BackupExists => "There is a file of that name already. With “--replace” it is replaced once the new one is whole.",
        ClientErrorCode.BackupFailed => "The file cannot be read or written. Perhaps the disk is full, or the folder is not yours.",
        ClientErrorCode.ArchiveDamaged => "This is no whole backup: it was cut off or changed, or is something else. Nothing of it was used.",
        ClientErrorCode.ArchiveTooNew => "This backup was made by a newer Parley. Update this one.",
        ClientErrorCode.LinkRefused => "The other device has broken this off. Run “parley link” again to begin anew.",
        ClientErrorCode.DeviceUnknown => "Your account has no such device. “parley devices” lists them.",
        ClientErrorCode.TooManyDevices => "This account has as many devices as it may have.",
        ClientErrorCode.Failed => "This did not work. Nothing was changed.",
        _ => throw new ArgumentOutOfRangeException(nameof(code)),
    };
}
