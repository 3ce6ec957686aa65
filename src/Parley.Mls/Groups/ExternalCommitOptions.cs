using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.4.3.2: what an external Commit of ours is to contain.</summary>
public sealed record ExternalCommitOptions
{
    /// <summary>Our former leaf, to be removed by the same Commit ("resync"). The others accept it if our new leaf may follow that one.</summary>
    public LeafIndex? Replaces { get; init; }

    /// <summary>The PSKs that enter the new epoch, all of them known to us and to the members; see <see cref="PreSharedKeyProposals"/>.</summary>
    public IReadOnlyList<Proposal.PreSharedKey> PreSharedKeys { get; init; } = [];

    /// <summary>Updates of components' data in the GroupContext, as far as the components take them from one who joins (draft-ietf-mls-extensions-09 §4.7).</summary>
    public IReadOnlyList<Proposal.AppDataUpdate> AppDataUpdates { get; init; } = [];

    /// <summary>Data of components that goes with the Commit (draft-ietf-mls-extensions-09 §4.8).</summary>
    public IReadOnlyList<Proposal.AppEphemeral> AppEphemerals { get; init; } = [];

    /// <summary>
    /// The SelfRemove proposals that members sent in this epoch, to be carried out by reference: members may refuse a Commit without them
    /// (draft-ietf-mls-extensions-09 §6.3).
    /// </summary>
    public IReadOnlyList<PublicMessage> SelfRemoves { get; init; } = [];

    /// <summary>Bytes that travel with the Commit, authenticated and not encrypted.</summary>
    public ReadOnlyMemory<byte> AuthenticatedData { get; init; }
}
