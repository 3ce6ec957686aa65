using System.Collections.Immutable;
using Parley.Mls.Components;
using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Schedule;

namespace Parley.Mls.Groups;

/// <summary>What a group needs of its surroundings, and the choices RFC 9420 leaves to the application.</summary>
public sealed class GroupConfig
{
    /// <summary>The primitives.</summary>
    public required ICryptoProvider Crypto { get; init; }

    /// <summary>Who judges credentials.</summary>
    public required IAuthenticationService Authentication { get; init; }

    /// <summary>External PSKs and resumption PSKs of other groups; none by default.</summary>
    public IPreSharedKeys? PreSharedKeys { get; init; }

    /// <summary>The components the application knows (draft-ietf-mls-extensions-09 §4); none by default.</summary>
    public IReadOnlyDictionary<ComponentId, IAppComponent> Components { get; init; } = ImmutableDictionary<ComponentId, IAppComponent>.Empty;

    /// <summary>Past epochs whose messages can still be opened. More is kinder to late messages, fewer is better forward secrecy.</summary>
    public int PastEpochsMax { get; init; } = 5;

    /// <summary>Past epochs whose resumption PSK is kept.</summary>
    public int ResumptionPsksMax { get; init; } = 5;

    /// <summary>How many generations a sender's message may be ahead of the last one opened.</summary>
    public int ForwardGenerationsMax { get; init; } = 1000;

    /// <summary>How many keys of messages that have not come are kept for each sender and kind of content.</summary>
    public int SkippedKeysMax { get; init; } = 100;

    /// <summary>RFC 9420 §7.2: the longest lifetime of a KeyPackage that is accepted.</summary>
    public TimeSpan LifetimeMax { get; init; } = TimeSpan.FromDays(366);

    /// <summary>How message lengths are hidden.</summary>
    public Padding Padding { get; init; } = Padding.Padme;

    /// <summary>How proposals and Commits travel: as PrivateMessage, so that a server sees no membership change, or as PublicMessage.</summary>
    public WireFormat HandshakeFormat { get; init; } = WireFormat.PrivateMessage;

    /// <summary>
    /// How many threads may share the signatures of a tree that is joined, and the signatures and encryptions of many who are added at
    /// once; a caller waits for them and sees nothing of them but the time. One in a browser; else as many as there are cores.
    /// </summary>
    public int ThreadsMax { get; init; } = OperatingSystem.IsBrowser() ? 1 : Environment.ProcessorCount;

    /// <summary>The vectors' KeyPackages have lifetimes no policy would take.</summary>
    internal bool IgnoresLifetimes { get; init; }

    /// <summary>The vectors of suite 7 have leaves that do not list suite 7.</summary>
    internal bool IgnoresSuiteCapability { get; init; }

    internal RatchetLimits RatchetLimits => new(ForwardGenerationsMax, SkippedKeysMax);
}
