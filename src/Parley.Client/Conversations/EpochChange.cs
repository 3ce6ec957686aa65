using Parley.Client.Engine;
using Parley.Client.History;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Contracts.Identity;
using Parley.Mls.Groups;

namespace Parley.Client.Conversations;

/// <summary>
/// What a Commit, one's own or another's, means to the conversation: the notices it leaves in the timeline, the new roster, and what has
/// become void with the old epoch. Taken before the merge, while the old members can still be asked, and told after it.
/// </summary>
internal sealed class EpochChange
{
    private readonly EngineContext _context;
    private readonly ConversationState _conversation;
    private readonly Roster _before;
    private readonly Handle _committer;
    private readonly bool _isOwn;
    private readonly HashSet<Handle> _added = [];
    private readonly List<DeviceCertificate> _addedDevices = [];
    private readonly List<Handle> _returned = [];
    private readonly List<(Handle Removed, Handle By)> _removed = [];

    public EpochChange(EngineContext context, ConversationState conversation, ConversationRules rules, StagedCommit staged)
    {
        _context = context;
        _conversation = conversation;
        _before = conversation.Roster;
        _committer = rules.HandleOf(staged.Committer);
        _isOwn = staged.Committer == conversation.Group.OwnLeafIndex;
        HashSet<Mls.Messages.Tree.LeafIndex> returned = [.. staged.Proposals.Select(rules.ReturnOf).OfType<Mls.Messages.Tree.LeafIndex>()];
        _returned.AddRange(returned.Select(rules.HandleOf));
        HashSet<DeviceId> devices = [.. staged.Removed.Where(removed => returned.Contains(removed.Index)).Select(static removed => CertificateCheck.Of(removed.Leaf).DeviceId)];
        foreach (DeviceCertificate added in staged.Added.Select(static added => CertificateCheck.Of(added.Leaf)).Where(added => !devices.Contains(added.DeviceId)))
        {
            _added.Add(added.Handle);
            _addedDevices.Add(added);
        }

        foreach (QueuedProposal queued in staged.Proposals)
        {
            if (queued.Proposal is Mls.Messages.Proposals.Proposal.Remove { Removed: var leaf } && returned.Contains(leaf))
                continue;
            if (queued is { Proposal: Mls.Messages.Proposals.Proposal.Remove remove, Sender: Mls.Messages.Framing.Sender.Member by })
                _removed.Add((rules.HandleOf(remove.Removed), rules.HandleOf(by.LeafIndex)));
        }
    }

    /// <summary>After the merge: reads the new roster and says what has happened.</summary>
    /// <param name="at">When the server received it.</param>
    /// <param name="now">The time.</param>
    /// <param name="askedAt">When this device was asked to make it; null if another did.</param>
    public void Tell(DateTimeOffset at, DateTimeOffset now, DateTimeOffset? askedAt)
    {
        ConversationProfile profile = ReadRoster(_context, _conversation, at);
        ConversationReceipts.Follow(_conversation, _added.Where(handle => !_before.Contains(handle)));
        foreach (Handle returned in _returned)
            _conversation.AddNotice(Notices.Returned(NameOf(returned)), at);
        foreach (Handle added in _added)
            TellAdded(added, at);
        foreach ((Handle removed, Handle by) in _removed.Distinct())
            TellRemoved(removed, by, at);
        if (profile.Kind == ConversationKind.Group && profile.Name != _conversation.Record.Name)
            _conversation.AddNotice(Notices.Renamed(NameOf(_committer), profile.Name), at);
        if (profile.History != _conversation.Record.History)
            _conversation.AddNotice(Notices.HistoryChanged(NameOf(_committer), profile.History), at);
        AllowHistory(profile.History, at, askedAt);
        _conversation.Set(_conversation.Record with
        {
            History = profile.History,
            Name = profile.Kind == ConversationKind.Group ? profile.Name : _conversation.Record.Name,
            IsProfileDue = _conversation.Record.IsProfileDue || _added.Count > 0,
            HasProposals = false,
            HasUnlawfulProposals = false,
            AreKeysStale = false,
            LeafUpdatedAt = _isOwn ? now : _conversation.Record.LeafUpdatedAt,
            IsLeafFromKeyPackage = !_isOwn && _conversation.Record.IsLeafFromKeyPackage,
        });
        _conversation.Set(_conversation.Session with { CommitAt = null, SealAfterEpoch = null, UpdateAt = _isOwn ? null : _conversation.Session.UpdateAt });
        LeaveAgain(now);
    }

    /// <summary>Reads the members from the group's leaves, and meets their account keys.</summary>
    public static ConversationProfile ReadRoster(EngineContext context, ConversationState conversation, DateTimeOffset at)
    {
        ConversationProfile profile = ConversationProfile.Of(conversation.Group);
        var entries = Roster.Empty.Entries.ToBuilder();
        foreach (Member member in conversation.Group.Members)
        {
            DeviceCertificate certificate = CertificateCheck.Of(member.Leaf);
            if (entries.TryGetValue(certificate.Handle.Value, out RosterEntry? known))
                entries[certificate.Handle.Value] = known with { Devices = known.Devices.Add(certificate.DeviceId) };
            else
                entries[certificate.Handle.Value] = new RosterEntry(certificate.AccountKey, [certificate.DeviceId]);
            if (certificate.Handle != context.Self)
                context.Meet(certificate, at);
        }

        var rules = new ConversationRules(profile, conversation.Group.Members);
        conversation.Set(conversation.Roster with
        {
            Entries = entries.ToImmutable(),
            Admins = Roster.Empty.Admins.Union(entries.Keys.Where(text => Handle.TryParse(text, out Handle? handle) && rules.IsAdmin(handle))),
        });
        conversation.Set(conversation.Record with { IsAdmin = rules.IsAdmin(context.Self) });
        return profile;
    }

    /// <summary>What those who came may be handed of what was said before. One's own devices tell each other all they know instead.</summary>
    private void AllowHistory(HistoryPolicy policy, DateTimeOffset at, DateTimeOffset? askedAt)
    {
        if (_conversation.Record.Kind == ConversationKind.Devices)
        {
            _context.Step.Tell(new ClientEvent.DevicesChanged());
            if (_isOwn && _addedDevices.Count > 0)
                _context.Devices.Welcome(_addedDevices.Select(static added => added.DeviceId));
            return;
        }

        DateTimeOffset? from = policy.Kind switch
        {
            HistoryPolicyKind.All => DateTimeOffset.UnixEpoch,
            HistoryPolicyKind.LastDays => at - TimeSpan.FromDays(policy.Days),
            // Only whoever made the Commit knows since when it was wanted.
            HistoryPolicyKind.FromInvitation => askedAt,
            _ => null,
        };
        foreach (DeviceCertificate added in _addedDevices.Where(added => added.Handle != _context.Self))
            _context.Giver.Allow(_conversation.Id, added.DeviceId, from is { } notBefore ? new HistoryAllowance(_conversation.Record.Cursor + 1, notBefore, _isOwn) : null);
    }

    private string NameOf(Handle handle) => handle == _context.Self ? "You" : _conversation.Roster.NameOf(handle);

    private void TellAdded(Handle added, DateTimeOffset at)
    {
        if (_before.Contains(added))
            _conversation.AddNotice(Notices.AddedDevice(NameOf(added)), at);
        else if (_conversation.Record.Kind == ConversationKind.Group)
            _conversation.AddNotice(Notices.Added(NameOf(_committer), NameOf(added)), at);
    }

    private void TellRemoved(Handle removed, Handle by, DateTimeOffset at)
    {
        if (_conversation.Roster.Contains(removed))
            _conversation.AddNotice(Notices.RemovedDevice(NameOf(removed)), at);
        else
            _conversation.AddNotice(removed == by ? Notices.Left(NameOf(removed)) : Notices.Removed(NameOf(by), NameOf(removed)), at);
    }

    /// <summary>A proposal is void when its epoch ends: whoever wanted to leave and is still there proposes it again.</summary>
    private void LeaveAgain(DateTimeOffset now)
    {
        if (_conversation.Record.Membership == Membership.Leaving && !_conversation.Outbox.Any(static entry => entry.Work is OutboxWork.Leave))
            _conversation.Queue(new OutboxWork.Leave(), now);
    }
}
