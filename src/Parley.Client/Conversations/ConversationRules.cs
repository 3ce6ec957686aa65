using System.Collections.Immutable;
using Parley.Client.Identity;
using Parley.Contracts.Identity;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Client.Conversations;

/// <summary>
/// Who may change what. MLS lets any member change anything; these are the rules on top, the same for every member, checked before a
/// Commit is merged and before a proposal is committed. In a group its administrators add, remove and rename; in a direct conversation
/// nobody is added after its first Commit. Everyone may leave, and everyone's own devices may come and go. A group that no
/// administrator is left in is administered by all. The group of an account's devices has no other members.
/// </summary>
internal sealed class ConversationRules
{
    private const int DirectMembersMax = 2;

    private readonly ConversationProfile _profile;
    private readonly IReadOnlyDictionary<LeafIndex, DeviceCertificate> _members;
    private readonly HashSet<Handle> _handles;

    /// <summary>The rules as they are in the group's current epoch.</summary>
    public ConversationRules(ConversationProfile profile, IEnumerable<Member> members)
    {
        _profile = profile;
        _members = members.ToDictionary(static member => member.Index, static member => CertificateCheck.Of(member.Leaf));
        _handles = [.. _members.Values.Select(static certificate => certificate.Handle)];
    }

    /// <summary>The rules as they are in a group's current epoch.</summary>
    public static ConversationRules Of(Group group) => new(ConversationProfile.Of(group), group.Members);

    /// <summary>Whose leaf it is.</summary>
    public Handle HandleOf(LeafIndex leaf) => _members[leaf].Handle;

    /// <summary>The leaves of a person.</summary>
    public IEnumerable<LeafIndex> LeavesOf(Handle handle) => _members.Where(member => member.Value.Handle == handle).Select(static member => member.Key);

    /// <summary>Whether a person may add, remove and rename.</summary>
    public bool IsAdmin(Handle handle) =>
        _profile.Kind == ConversationKind.Group && (_profile.Admins.Contains(handle) || !_profile.Admins.Any(_handles.Contains));

    /// <summary>Whether a proposal may be put into effect.</summary>
    public bool Allows(QueuedProposal queued)
    {
        if (ReturnOf(queued) is not null)
            return true;
        if (queued.Sender is not Sender.Member { LeafIndex: var index } || !_members.TryGetValue(index, out DeviceCertificate? proposer))
            return false;
        return queued.Proposal switch
        {
            Proposal.Add add => AllowsAdd(proposer.Handle, add),
            Proposal.Remove remove => _members.TryGetValue(remove.Removed, out DeviceCertificate? removed) && (removed.Handle == proposer.Handle || IsAdmin(proposer.Handle)),
            Proposal.GroupContextExtensions extensions => IsSuccessor(proposer.Handle, extensions.Extensions),
            Proposal.Update => true,
            // Nothing of ours makes these, and each of them could get around the rules above.
            Proposal.PreSharedKey or Proposal.ReInit or Proposal.ExternalInit => false,
            _ => false,
        };
    }

    /// <summary>Whether a Commit may be merged.</summary>
    public bool Allows(StagedCommit staged)
    {
        HashSet<LeafIndex> returning = [.. staged.Proposals.Select(ReturnOf).OfType<LeafIndex>()];
        if (staged.IsExternal || staged.IsReInit || !staged.Proposals.All(queued => IsRemovalOf(returning, queued) || Allows(queued)))
            return false;
        HashSet<LeafIndex> removed = [.. staged.Removed.Select(static member => member.Index)];
        IEnumerable<DeviceCertificate> left = _members.Where(member => !removed.Contains(member.Key)).Select(static member => member.Value);
        return AreConsistent(_profile, left.Concat(staged.Added.Select(static member => CertificateCheck.Of(member.Leaf))));
    }

    /// <summary>Whether a group's members can be a conversation: one account key for each person, one leaf for each device, two people at most in a direct one, one among devices.</summary>
    public static bool AreConsistent(ConversationProfile profile, IEnumerable<DeviceCertificate> members)
    {
        var keys = new Dictionary<Handle, ReadOnlyMemory<byte>>();
        var devices = new HashSet<DeviceId>();
        foreach (DeviceCertificate member in members)
        {
            if (!devices.Add(member.DeviceId) || (!keys.TryAdd(member.Handle, member.AccountKey) && !keys[member.Handle].Span.SequenceEqual(member.AccountKey.Span)))
                return false;
        }

        return profile.Kind switch
        {
            ConversationKind.Group => true,
            ConversationKind.Direct => keys.Count <= DirectMembersMax,
            _ => keys.Count == 1,
        };
    }

    /// <summary>
    /// The leaf that a device has in the group, if the proposal is its own wish to be added again with other keys (RFC 9420 §12.1.8). Anybody may
    /// carry it out, together with the removal of that leaf and never without it: nobody gets in who was not in.
    /// </summary>
    public LeafIndex? ReturnOf(QueuedProposal queued)
    {
        if (queued is not { Sender: Sender.NewMemberProposal, Proposal: Proposal.Add add } || !CertificateCheck.TryDecode(add.KeyPackage.LeafNode, out DeviceCertificate? again))
            return null;
        foreach ((LeafIndex leaf, DeviceCertificate member) in _members)
        {
            if (member.DeviceId == again.DeviceId && member.Handle == again.Handle && member.AccountKey.Span.SequenceEqual(again.AccountKey.Span))
                return leaf;
        }

        return null;
    }

    private static bool IsRemovalOf(HashSet<LeafIndex> leaves, QueuedProposal queued) => queued.Proposal is Proposal.Remove remove && leaves.Contains(remove.Removed);

    private bool AllowsAdd(Handle proposer, Proposal.Add add)
    {
        if (!CertificateCheck.TryDecode(add.KeyPackage.LeafNode, out DeviceCertificate? added))
            return false;
        if (_profile.Revoked.Contains(added.DeviceId))
            return false;
        bool isBeginning = _handles.Count == 1 && _handles.Contains(proposer);
        return added.Handle == proposer || IsAdmin(proposer) || (_profile.Kind == ConversationKind.Direct && isBeginning);
    }

    /// <summary>A kind never changes. Administrators change what a group has; among an account's devices each may take one out for good, and none lets one in again.</summary>
    private bool IsSuccessor(Handle proposer, ImmutableArray<Mls.Messages.Extensions.Extension> extensions) =>
        ConversationProfile.TryFind(extensions, out ConversationProfile? next)
        && next.Kind == _profile.Kind
        && (_profile.Kind == ConversationKind.Devices ? _profile.Revoked.All(next.Revoked.Contains) : IsAdmin(proposer));
}
