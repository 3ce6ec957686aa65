using System.Collections.Immutable;
using Parley.Client.Conversations;
using Parley.Contracts;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Client;

/// <summary>The choices RFC 9420 leaves to an application, all in one place. docs/mls-profile.md says why each is what it is.</summary>
internal static class MlsProfile
{
    /// <summary>The suite of new conversations: hybrid, so that recorded traffic does not fall to a later machine.</summary>
    public const CipherSuite Suite = CipherSuite.XWingChaCha20Poly1305Sha256Ed25519;

    /// <summary>The suite of a conversation with someone whose device does not have the hybrid one, where the user allows that.</summary>
    public const CipherSuite FallbackSuite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;

    /// <summary>KeyPackages of each suite kept on the server for others to add this device with.</summary>
    public const int KeyPackageStock = 50;

    /// <summary>The number left at which the stock is filled up again.</summary>
    public const int KeyPackageStockLow = 25;

    /// <summary>How far ahead of a sender's last message one may be.</summary>
    public const int ForwardGenerationsMax = 1000;

    /// <summary>Keys kept for a sender's messages that have not come.</summary>
    public const int SkippedKeysMax = 100;

    /// <summary>How long a KeyPackage may be used.</summary>
    public static readonly TimeSpan KeyPackageLifetime = TimeSpan.FromDays(90);

    /// <summary>How far a KeyPackage's beginning lies in the past, for clocks that are behind.</summary>
    public static readonly TimeSpan KeyPackageClockSkew = TimeSpan.FromHours(24);

    /// <summary>The age at which KeyPackages on the server are replaced, the last-resort one included.</summary>
    public static readonly TimeSpan KeyPackageRenewal = TimeSpan.FromDays(60);

    /// <summary>How long one's own leaf keeps its keys, at most, in a group that is not large.</summary>
    public static readonly TimeSpan LeafUpdateInterval = TimeSpan.FromDays(7);

    /// <summary>The same while the leaf has the keys of the KeyPackage that it came in with, which lay on the server.</summary>
    public static readonly TimeSpan JoinedLeafUpdateInterval = TimeSpan.FromDays(1);

    /// <summary>What each leaf of a group adds to the interval at least, so that a large group does not hear of nothing but new keys.</summary>
    public static readonly TimeSpan LeafUpdateSpacing = TimeSpan.FromMinutes(10);

    /// <summary>The time between two Commits of devices that are all late at once.</summary>
    public static readonly TimeSpan LateLeafUpdateSpacing = TimeSpan.FromSeconds(30);

    /// <summary>How often a device looks whether its KeyPackages on the server are to be renewed, at the latest.</summary>
    public static readonly TimeSpan KeyPackageCheck = TimeSpan.FromDays(1);

    /// <summary>How long the next member waits before it commits what others have proposed.</summary>
    public static readonly TimeSpan CommitRankDelay = TimeSpan.FromSeconds(2);

    /// <summary>The longest such wait.</summary>
    public static readonly TimeSpan CommitRankDelayMax = TimeSpan.FromMinutes(1);

    /// <summary>The suites this device can be added with, the best first.</summary>
    public static readonly ImmutableArray<CipherSuite> Suites = [Suite, FallbackSuite];

    /// <summary>What every Parley leaf supports.</summary>
    public static readonly Capabilities Capabilities = new(
        [ProtocolVersion.Mls10], Suites, [ConversationProfile.Type, HistoryExtension.Type, ExtensionType.LastResort], [], [CredentialType.Basic]);

    /// <summary>Marks a KeyPackage that may be used more than once.</summary>
    public static readonly ImmutableArray<Extension> LastResort = [new Extension(ExtensionType.LastResort, default)];

    /// <summary>The configuration of every group.</summary>
    public static GroupConfig Config(ICryptoProvider crypto, IAuthenticationService authentication) => new()
    {
        Crypto = crypto,
        Authentication = authentication,
        PastEpochsMax = Limits.PastEpochsMax,
        ForwardGenerationsMax = ForwardGenerationsMax,
        SkippedKeysMax = SkippedKeysMax,
        LifetimeMax = KeyPackageLifetime + KeyPackageClockSkew + KeyPackageClockSkew,
    };
}
