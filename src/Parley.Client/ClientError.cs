namespace Parley.Client;

/// <summary>Why something was refused.</summary>
/// <param name="Code">What a program branches on.</param>
/// <param name="Sentence">What a person reads: what happened and, where there is something to do, what.</param>
/// <param name="RetryAfter">In how long it may succeed, where the server says so.</param>
public sealed record ClientError(ClientErrorCode Code, string Sentence, TimeSpan? RetryAfter = null);

/// <summary>Every way in which a client's operation is refused.</summary>
public enum ClientErrorCode
{
    /// <summary>The server cannot be reached.</summary>
    Offline,

    /// <summary>The store holds no account: sign up first.</summary>
    AccountMissing,

    /// <summary>The store already holds an account.</summary>
    AccountPresent,

    /// <summary>Another process has this profile open.</summary>
    ProfileInUse,

    /// <summary>The profile was written by a newer version.</summary>
    ProfileTooNew,

    /// <summary>The profile's key file is missing or does not fit its database.</summary>
    ProfileKeyWrong,

    /// <summary>The profile's database is damaged or is no database.</summary>
    ProfileDamaged,

    /// <summary>The profile is locked, and no passphrase was given.</summary>
    PassphraseNeeded,

    /// <summary>Not the profile's passphrase.</summary>
    PassphraseWrong,

    /// <summary>After wrong passphrases, the next may only be tried later.</summary>
    PassphraseTooSoon,

    /// <summary>The local store cannot be written: disk full or failing.</summary>
    StoreFailed,

    /// <summary>No such invite.</summary>
    InviteUnknown,

    /// <summary>The invite has expired.</summary>
    InviteExpired,

    /// <summary>The invite has been used up.</summary>
    InviteUsed,

    /// <summary>Someone else has the handle.</summary>
    HandleTaken,

    /// <summary>Not a handle.</summary>
    HandleInvalid,

    /// <summary>The server refuses this device.</summary>
    SignInRefused,

    /// <summary>The server does not speak this client's protocol version.</summary>
    VersionUnsupported,

    /// <summary>The server refuses: too many requests.</summary>
    RateLimited,

    /// <summary>The server refuses: the account, or the network, has too many connections.</summary>
    TooManyConnections,

    /// <summary>The server has no room for more now.</summary>
    ServerBusy,

    /// <summary>The server refuses what the client asked.</summary>
    Forbidden,

    /// <summary>The server cannot store anything now.</summary>
    ServerStoreFailed,

    /// <summary>Something broke in the server.</summary>
    ServerFailed,

    /// <summary>The server answered with something that is not the protocol.</summary>
    ServerMisbehaved,

    /// <summary>No account has that handle.</summary>
    PeerUnknown,

    /// <summary>The person named is oneself.</summary>
    PeerIsSelf,

    /// <summary>The peer's devices have no KeyPackage to be added with.</summary>
    PeerUnreachable,

    /// <summary>A device of the peer does not have the hybrid post-quantum suite, and the user or the conversation asks for it.</summary>
    PeerNotPostQuantum,

    /// <summary>A device of the peer carries a certificate that is not genuine.</summary>
    CertificateInvalid,

    /// <summary>The peer's account key has changed since it was verified and the change was not confirmed.</summary>
    AccountKeyChanged,

    /// <summary>No such conversation.</summary>
    ConversationUnknown,

    /// <summary>The user is no longer a member of the conversation.</summary>
    NotMember,

    /// <summary>The conversation cannot go on: its timeline says why.</summary>
    ConversationBroken,

    /// <summary>Only an administrator of the conversation may do this.</summary>
    NotAdmin,

    /// <summary>Only a group can do this, not a direct conversation.</summary>
    NotGroup,

    /// <summary>The account is already a member.</summary>
    AlreadyMember,

    /// <summary>The person named is not a member of the conversation.</summary>
    PeerNotMember,

    /// <summary>A message with nothing in it.</summary>
    MessageEmpty,

    /// <summary>A message longer than a message may be.</summary>
    MessageTooLong,

    /// <summary>The message has left this device, or may have: it cannot be taken back.</summary>
    MessageOnItsWay,

    /// <summary>No such message waits to be sent.</summary>
    MessageNotQueued,

    /// <summary>A name that is empty, too long or holds control characters.</summary>
    NameInvalid,

    /// <summary>More members than a group may have.</summary>
    GroupTooLarge,

    /// <summary>No device waits under that linking code.</summary>
    LinkUnknown,

    /// <summary>Another device has answered the linking code.</summary>
    LinkUsed,

    /// <summary>What was exchanged between the two devices, or the numbers on them, do not fit together.</summary>
    LinkMismatch,

    /// <summary>The other device has broken the linking off.</summary>
    LinkRefused,

    /// <summary>The account has no such device.</summary>
    DeviceUnknown,

    /// <summary>The account has as many devices as it may.</summary>
    TooManyDevices,

    /// <summary>What was typed is no recovery code.</summary>
    RecoveryCodeInvalid,

    /// <summary>The backup was made under another recovery code.</summary>
    RecoveryCodeWrong,

    /// <summary>The server recovers the account by another code, or by none.</summary>
    RecoveryRefused,

    /// <summary>No recovery code was made on this device yet.</summary>
    RecoveryCodeMissing,

    /// <summary>A recovery code was made before.</summary>
    RecoveryCodePresent,

    /// <summary>There is no such backup.</summary>
    BackupMissing,

    /// <summary>There is a file of the backup's name.</summary>
    BackupExists,

    /// <summary>The backup's file cannot be written or read.</summary>
    BackupFailed,

    /// <summary>The backup was cut off or changed.</summary>
    ArchiveDamaged,

    /// <summary>A later Parley has made the backup.</summary>
    ArchiveTooNew,

    /// <summary>The device itself could not do it.</summary>
    Failed,
}
