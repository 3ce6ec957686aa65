using System.Collections.Immutable;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>What a Commit of ours is to contain.</summary>
public sealed record CommitOptions
{
    /// <summary>Proposals of our own, put into effect by value.</summary>
    public IReadOnlyList<Proposal> Proposals { get; init; } = [];

    /// <summary>Whether the proposals received in this epoch are included, as far as they can stand together (RFC 9420 §12.4).</summary>
    public bool IncludesReceivedProposals { get; init; } = true;

    /// <summary>Whether there is a path, and so fresh keys of ours, where none is needed.</summary>
    public bool ForcesPath { get; init; } = true;

    /// <summary>Whether the Welcome carries the ratchet tree.</summary>
    public bool WelcomeHasRatchetTree { get; init; } = true;

    /// <summary>What else the Welcome tells those who join, encrypted to them and not agreed on by the group, such as an <c>app_data_dictionary</c>.</summary>
    public ImmutableArray<Extension> GroupInfoExtensions { get; init; } = [];

    /// <summary>Bytes that travel with the Commit, authenticated and not encrypted.</summary>
    public ReadOnlyMemory<byte> AuthenticatedData { get; init; }
}
