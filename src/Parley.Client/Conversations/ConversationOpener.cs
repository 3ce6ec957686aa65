using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Client.Conversations;

/// <summary>How conversations begin: made here, or joined by a Welcome from the inbox.</summary>
internal sealed class ConversationOpener(EngineContext context, ConversationReceiver receiver)
{
    /// <summary>
    /// Makes a conversation with oneself as its only member, and queues the making of its log and the Commit that adds the others. All of
    /// it is one batch: a crash leaves either nothing or a conversation that goes on where it stopped.
    /// </summary>
    public (ConversationState Conversation, long AddNumber) Create(
        ConversationKind kind, string name, CipherSuite suite, ImmutableArray<ReadOnlyMemory<byte>> keyPackages, DateTimeOffset now)
    {
        byte[] idBytes = context.Random(ConversationId.Bytes);
        if (!ConversationId.TryParse(idBytes, out ConversationId id))
            throw new InvalidOperationException("16 bytes are an id.");
        var profile = new ConversationProfile(kind, kind == ConversationKind.Group ? name : "", kind == ConversationKind.Group ? [context.Self] : []);
        var record = new ConversationRecord
        {
            Kind = kind,
            Name = name,
            Membership = Membership.Active,
            IsPostQuantum = suite == MlsProfile.Suite,
            LeafUpdatedAt = now,
            IsProfileDue = true,
        };
        ConversationState conversation = ConversationState.Create(context, id, record);
        conversation.Set(record);
        conversation.Enter(Group.Create(context.GroupConfig, context.Profile.Identity.Leaf, suite, idBytes, profile.ToExtensions()));
        EpochChange.ReadRoster(context, conversation, now);
        if (kind == ConversationKind.Group)
            conversation.AddNotice(Notices.Created(kind), now);
        if (!record.IsPostQuantum)
            conversation.AddNotice(Notices.NotPostQuantum(), now);
        conversation.Queue(new OutboxWork.CreateLog(), now);
        return (conversation, conversation.Queue(new OutboxWork.Add(keyPackages), now));
    }

    /// <summary>Checks what the server handed out for a person, and meets the account key: nothing of it is believed because the server says so.</summary>
    public ClientResult<ImmutableArray<ReadOnlyMemory<byte>>> Check(Handle handle, CipherSuite suite, IReadOnlyList<byte[]> keyPackages, DateTimeOffset now)
    {
        if (keyPackages.Count is 0 or > Limits.DevicesPerAccountMax)
            return ClientResult.Refuse<ImmutableArray<ReadOnlyMemory<byte>>>(ClientErrorCode.PeerUnreachable);
        // One's own key is known for certain; another's is that of the first device, the same for all of them.
        ReadOnlyMemory<byte> accountKey = handle == context.Self ? context.Profile.Identity.Certificate.AccountKey : default;
        foreach (byte[] encoded in keyPackages)
        {
            bool isGenuine = Tls.TryDecode(encoded, out KeyPackage? keyPackage, out _)
                && keyPackage.CipherSuite == suite
                && context.Certificates.TryRead(keyPackage.LeafNode, out DeviceCertificate? certificate)
                && certificate.Handle == handle
                && IsSameKey(ref accountKey, certificate)
                && (handle == context.Self || context.Meet(certificate, now) != KnownAccounts.Meeting.ChangedFromVerified);
            if (!isGenuine)
            {
                bool needsYes = context.Accounts.TryFind(handle, out KnownAccount? account) && account.HasChanged;
                return ClientResult.Refuse<ImmutableArray<ReadOnlyMemory<byte>>>(needsYes ? ClientErrorCode.AccountKeyChanged : ClientErrorCode.CertificateInvalid);
            }
        }

        return ClientResult.Of<ImmutableArray<ReadOnlyMemory<byte>>>([.. keyPackages.Select(static bytes => (ReadOnlyMemory<byte>)bytes)]);
    }

    /// <summary>
    /// Whether one of these devices says, in KeyPackages it has signed, that it does not have the hybrid suite. If none does, the server has
    /// withheld what would have been better, or they have expired: neither is a reason for a weaker conversation.
    /// </summary>
    public static bool NeedsFallback(ImmutableArray<ReadOnlyMemory<byte>> keyPackages) => keyPackages.Any(static encoded =>
        Tls.TryDecode(encoded.Span, out KeyPackage? keyPackage, out _) && !keyPackage.LeafNode.Capabilities.CipherSuites.Contains(MlsProfile.Suite));

    /// <summary>Joins the group that a Welcome leads into; false, and no change, if it is refused.</summary>
    public bool TryJoin(InboxWelcome entry, DateTimeOffset at, DateTimeOffset now, [NotNullWhen(true)] out ConversationState? joined)
    {
        joined = null;
        if (!ConversationId.TryParse(entry.Group.Span, out ConversationId id))
            return false;
        if (!MlsMessage.TryDecode(entry.Welcome.Span, out MlsMessage? message, out _) || message is not MlsMessage.Welcome { Message: Welcome welcome })
            return false;
        using KeyPackageBundle? bundle = context.KeyPackages.Find(welcome);
        if (bundle is null)
            return false;
        try
        {
            using StagedWelcome staged = StagedWelcome.Stage(context.GroupConfig, context.Profile.Identity.Leaf, welcome, bundle);
            if (!staged.Context.GroupId.Span.SequenceEqual(entry.Group.Span) || !IsConversation(staged, out ConversationProfile? profile))
                return false;

            // The devices' group says whom the account trusts: while there is one, nobody moves this device into another.
            if (profile.Kind == ConversationKind.Devices && context.Devices.Group is { } devices && devices.Id != id)
                return false;
            ConversationState? former = context.Conversations.GetValueOrDefault(id);
            if (former is { IsFollowed: true } && !MayReplace(former, staged))
            {
                if (former is not { Record.LogEpoch: not null } || staged.Context.Epoch <= former.GroupEpoch)
                    return false;

                // Added by someone whom this device, in what it has forgotten, may have known. To it this is a new beginning, and says by whom; what
                // was queued was written for others, and is not sent.
                receiver.Close(former, Membership.Removed, ClientErrorCode.NotMember);
            }

            joined = Enter(id, former, staged, profile, entry.CommitSequence, at, now);
            context.KeyPackages.Use(bundle, context.Batch);
            return true;
        }
        catch (MlsException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether a Welcome was made for a KeyPackage that this device does not have. Its profile was restored from an old copy, and the keys are among what
    /// it has forgotten; or somebody has made the Welcome up.
    /// </summary>
    public bool IsForOtherKeys(InboxWelcome entry)
    {
        if (!MlsMessage.TryDecode(entry.Welcome.Span, out MlsMessage? message, out _) || message is not MlsMessage.Welcome { Message: Welcome welcome })
            return false;
        using KeyPackageBundle? bundle = context.KeyPackages.Find(welcome);
        return bundle is null;
    }

    /// <summary>
    /// Whether a Welcome may take the place of a group that this device is still in: it is lost, or the server says that it was no member for a
    /// while and does not show it the removal. Only someone who could have removed it may say so, with the account key that is known; otherwise
    /// any stranger could move this device into a group of its own making that bears the same id. A device that is lost has asked all members.
    /// </summary>
    private bool MayReplace(ConversationState followed, StagedWelcome staged)
    {
        DeviceCertificate signer = CertificateCheck.Of(staged.Members.First(member => member.Index == staged.Signer).Leaf);
        return staged.Context.Epoch > followed.GroupEpoch
            && (followed.Record.IsLost || (signer.Handle == context.Self && context.Devices.IsMember(signer.DeviceId)) || IsAdminWithoutUs(followed, signer.Handle))
            && followed.Roster.Entries.TryGetValue(signer.Handle.Value, out RosterEntry? known)
            && known.AccountKey.Span.SequenceEqual(signer.AccountKey.Span);
    }

    /// <summary>An administrator; or, once this device has asked to be let go, anybody, if there was no other administrator than oneself.</summary>
    private bool IsAdminWithoutUs(ConversationState followed, Handle handle) =>
        followed.Roster.Admins.Contains(handle.Value)
        || (IsLeaving(followed) && followed.Roster.Admins.Remove(context.Self.Value).IsEmpty);

    private static bool IsLeaving(ConversationState followed) =>
        followed.Record.Membership == Membership.Leaving || followed.Outbox.Any(static entry => entry is { Work: OutboxWork.Leave, Sealed: not null });

    private static bool IsSameKey(ref ReadOnlyMemory<byte> accountKey, DeviceCertificate certificate)
    {
        if (accountKey.IsEmpty)
            accountKey = certificate.AccountKey;
        return accountKey.Span.SequenceEqual(certificate.AccountKey.Span);
    }

    private static bool IsConversation(StagedWelcome staged, [NotNullWhen(true)] out ConversationProfile? profile) =>
        ConversationProfile.TryFind(staged.Context.Extensions, out profile)
        && ConversationRules.AreConsistent(profile, staged.Members.Select(static member => CertificateCheck.Of(member.Leaf)));

    private ConversationState Enter(
        ConversationId id, ConversationState? former, StagedWelcome staged, ConversationProfile profile, ulong commitSequence, DateTimeOffset at, DateTimeOffset now)
    {
        Handle by = SignerOf(staged);
        var record = (former?.Record ?? new ConversationRecord { Kind = profile.Kind, Name = "", Membership = Membership.Active }) with
        {
            Kind = profile.Kind,
            Name = profile.Kind == ConversationKind.Direct ? PeerOf(staged).Value : profile.Name,
            Membership = Membership.Active,
            IsPostQuantum = staged.Context.CipherSuite == MlsProfile.Suite,
            Cursor = commitSequence,
            LastCommit = commitSequence,
            EpochCommit = commitSequence,
            Voters = staged.Members.Count - 1,
            IsDisputing = false,
            Objectors = [],
            History = profile.History,
            IsProfileDue = true,
            LogEpoch = null,
            AreKeysStale = false,
            HasAskedToReturn = false,
            // The leaf's keys are the KeyPackage's, which lay on the server: due for an update as soon as one writes.
            LeafUpdatedAt = now,
            IsLeafFromKeyPackage = true,
        };
        ConversationState conversation = former ?? ConversationState.Create(context, id, record);
        ulong formerCursor = former?.Record.Cursor ?? 0;
        bool wasMember = former is { IsFollowed: true };
        bool wasLost = former is { Record.IsLost: true };
        conversation.Set(record);
        conversation.Set(new ConversationSession());
        conversation.Enter(staged.Join());
        if (conversation.Head is { Sealed: not null } head)
            conversation.ReplaceHead(head with { Sealed = null });
        EpochChange.ReadRoster(context, conversation, at);
        SeekHistory(conversation, by, formerCursor);
        string name = conversation.Roster.NameOf(by);
        string joined = by == context.Self ? Notices.JoinedByOwnDevice() : wasMember ? Notices.JoinedAgain(name) : Notices.Joined(profile.Kind, name);
        conversation.AddNotice(wasLost ? Notices.Back() : joined, at);
        if (!record.IsPostQuantum)
            conversation.AddNotice(Notices.NotPostQuantum(), at);
        ConversationReceipts.Enter(conversation);
        return conversation;
    }

    /// <summary>
    /// What was said before is asked for where there is somebody who may hand it over: the account's other devices, if one of them has added this one;
    /// otherwise the members, by the group's policy. It gets places below all that comes.
    /// </summary>
    private void SeekHistory(ConversationState conversation, Handle by, ulong formerCursor)
    {
        bool isOwn = by == context.Self;
        if (conversation.Record.Kind == ConversationKind.Devices || !(isOwn || conversation.Record.History != HistoryPolicy.None))
            return;
        context.Seeker.Seek(conversation, formerCursor, conversation.Record.Cursor, isOwn);
    }

    /// <summary>The other side of a direct conversation; oneself if nobody else is left in it.</summary>
    private Handle PeerOf(StagedWelcome staged) =>
        staged.Members.Select(static member => CertificateCheck.Of(member.Leaf).Handle).FirstOrDefault(handle => handle != context.Self) ?? context.Self;

    private static Handle SignerOf(StagedWelcome staged) =>
        CertificateCheck.Of(staged.Members.First(member => member.Index == staged.Signer).Leaf).Handle;
}
