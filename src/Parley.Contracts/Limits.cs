namespace Parley.Contracts;

/// <summary>Every limit that client and server share, named in one place. Sizes are bytes unless the name says otherwise.</summary>
public static class Limits
{
    /// <summary>The version of the frame protocol in <c>Hello</c>.</summary>
    public const uint ProtocolVersion = 2;

    /// <summary>The largest encoded MLSMessage that may be appended, but for a Commit.</summary>
    public const int MessageBytesMax = 256 * 1024;

    /// <summary>
    /// The largest encoded Commit. In the hybrid suite, adding a device takes 3 KiB and a member that the tree does not cover yet 1.2 KiB,
    /// so that this holds a thousand of either.
    /// </summary>
    public const int CommitBytesMax = 4 * 1024 * 1024;

    /// <summary>
    /// The largest encoded Welcome. It carries the ratchet tree, so it grows with the group: in the hybrid suite by 2.9 KiB a device, and
    /// 1.2 KiB more for each that it welcomes.
    /// </summary>
    public const int WelcomeBytesMax = 6 * 1024 * 1024;

    /// <summary>The largest WebSocket frame a client may send: a Commit, its Welcome and the device lists.</summary>
    public const int ClientFrameBytesMax = CommitBytesMax + WelcomeBytesMax + (DevicesPerCommitMax * 2 * 20) + 1024;

    /// <summary>The largest WebSocket frame a server sends. A client refuses larger ones.</summary>
    public const int ServerFrameBytesMax = ClientFrameBytesMax + (64 * 1024);

    /// <summary>The number of devices one Commit may add, and the number it may remove.</summary>
    public const int DevicesPerCommitMax = 1000;

    /// <summary>Length of a message id.</summary>
    public const int MessageIdBytes = 16;

    /// <summary>How much of a message id is the time at which it was made.</summary>
    public const int MessageIdTimeBytes = 6;

    /// <summary>Length of a device id.</summary>
    public const int DeviceIdBytes = 16;

    /// <summary>The shortest group id the server takes: it must be too long to be guessed.</summary>
    public const int GroupIdBytesMin = 16;

    /// <summary>The longest group id the server takes.</summary>
    public const int GroupIdBytesMax = 32;

    /// <summary>The longest handle, in characters.</summary>
    public const int HandleCharsMax = 32;

    /// <summary>The longest server name, in characters.</summary>
    public const int ServerNameCharsMax = 255;

    /// <summary>The largest encoded KeyPackage.</summary>
    public const int KeyPackageBytesMax = 16 * 1024;

    /// <summary>KeyPackages in one upload.</summary>
    public const int KeyPackagesPerUploadMax = 100;

    /// <summary>KeyPackages the server keeps for one device, of all suites together.</summary>
    public const int KeyPackagesPerDeviceMax = 400;

    /// <summary>Devices of one account.</summary>
    public const int DevicesPerAccountMax = 32;

    /// <summary>The largest message that two devices pass each other while one links the other.</summary>
    public const int LinkMessageBytesMax = 8 * 1024;

    /// <summary>The largest JSON request body.</summary>
    public const int RequestBodyBytesMax = 4 * 1024 * 1024;

    /// <summary>Subscriptions on one connection.</summary>
    public const int SubscriptionsPerConnectionMax = 10_000;

    /// <summary>Requests a connection may have without an answer.</summary>
    public const int RequestsInFlightMax = 256;

    /// <summary>Past epochs of which the server still accepts application messages, unless somebody has joined since, and members still hold the keys.</summary>
    public const int PastEpochsMax = 5;

    /// <summary>Bytes of a sign-in challenge.</summary>
    public const int ChallengeBytes = 32;
}
