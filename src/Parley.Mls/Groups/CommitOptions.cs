using System.Collections.Immutable;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>What a Commit of ours is to contain.</summary>
public sealed record CommitOptions
{
    /// <summary>Proposals of our own, put into effect by value.</summary>
    public IReadOnlyList<Proposal> Proposals { get; init; } = [];

    /// <summary>
    /// Whether the proposals received in this epoch are included, as far as they can stand together (RFC 9420 §12.4). A Commit without
    /// any is what voids them, whatever they are.
    /// </summary>
    public bool IncludesReceivedProposals { get; init; } = true;

    /// <summary>RFC 9420 §12.2, §16.11: which of them the application permits; all, if nothing else is said.</summary>
    public Func<QueuedProposal, bool> MayInclude { get; init; } = static _ => true;

    /// <summary>
    /// RFC 9420 §5.3.1, §7.3: what our leaf shows from this Commit on, and the key it is signed with; null if that does not change. The
    /// path that carries it is there whether forced or not. The key must be stored before the Commit is sent, the former one for as long as
    /// the Commit may not be accepted.
    /// </summary>
    public LeafIdentity? Identity { get; init; }

    /// <summary>Whether there is a path, and so fresh keys of ours, where none is needed.</summary>
    public bool ForcesPath { get; init; } = true;

    /// <summary>
    /// Whether the Commit is a PublicMessage whatever the group's handshakes are: it is sealed with no key of our ratchet then, so that a member who
    /// does not know which of those it has used can get others (RFC 9420 §9.1: no key is used twice).
    /// </summary>
    public bool IsPublic { get; init; }

    /// <summary>Whether the Welcome carries the ratchet tree.</summary>
    public bool WelcomeHasRatchetTree { get; init; } = true;

    /// <summary>What else the Welcome tells those who join, encrypted to them and not agreed on by the group, such as an <c>app_data_dictionary</c>.</summary>
    public ImmutableArray<Extension> GroupInfoExtensions { get; init; } = [];

    /// <summary>Bytes that travel with the Commit, authenticated and not encrypted.</summary>
    public ReadOnlyMemory<byte> AuthenticatedData { get; init; }
}
