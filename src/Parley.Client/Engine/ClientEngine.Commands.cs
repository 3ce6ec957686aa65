using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Parley.Client.Content;
using Parley.Client.Conversations;
using Parley.Client.Devices;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls.Messages;

namespace Parley.Client.Engine;

/// <content>What the user wants. Each command checks, then queues or changes; none waits for the server.</content>
internal sealed partial class ClientEngine
{
    private const int OverheadBytesMax = 4096;

    /// <summary>Where in a timeline what is queued stands: after all that is in the log.</summary>
    private const long QueuedOrder = 1L << 60;

    /// <summary>The longest text that fits into a message.</summary>
    private static int TextBytesMax => Limits.MessageBytesMax - OverheadBytesMax - (Limits.MessageBytesMax / 8);

    /// <summary>Queues a message.</summary>
    public ClientResult<MessageId> Send(ConversationId id, OutgoingMessage message, DateTimeOffset now)
    {
        if (!FindActive(id).TryGetValue(out ConversationState? conversation, out ClientError? error))
            return ClientResult.Refuse<MessageId>(error);
        string body = message switch
        {
            OutgoingMessage.Text text => text.Body,
            OutgoingMessage.Action action => action.Body,
            _ => throw new ArgumentOutOfRangeException(nameof(message)),
        };
        if (string.IsNullOrWhiteSpace(body))
            return ClientResult.Refuse<MessageId>(ClientErrorCode.MessageEmpty);
        if (Encoding.UTF8.GetByteCount(body) > TextBytesMax)
            return ClientResult.Refuse<MessageId>(ClientErrorCode.MessageTooLong);
        if (NeedsYes(conversation.Roster.Entries.Keys))
            return ClientResult.Refuse<MessageId>(ClientErrorCode.AccountKeyChanged);
        OutboxWork.Message work = OutgoingContent.Of(_context, id, message);
        conversation.Queue(work, now);
        _sender.SealNow(conversation, now);
        return ClientResult.Of(work.Id);
    }

    /// <summary>Takes back a message that still waits. One that has been sealed may be with the server already, and goes on.</summary>
    public ClientResult Cancel(MessageId message)
    {
        foreach (ConversationState conversation in Conversations.Values)
        {
            if (conversation.Outbox.FirstOrDefault(entry => entry.Work is OutboxWork.Message work && work.Id == message) is not { } entry)
                continue;
            if (entry.Sealed is not null)
                return ClientResult.Refuse(ClientErrorCode.MessageOnItsWay);
            conversation.Cancel(entry);
            return ClientResult.Success;
        }

        return ClientResult.Refuse(ClientErrorCode.MessageNotQueued);
    }

    /// <summary>Checks KeyPackages of a suite that the server handed out for a person.</summary>
    public ClientResult<ImmutableArray<ReadOnlyMemory<byte>>> CheckKeyPackages(Handle handle, CipherSuite suite, IReadOnlyList<byte[]> keyPackages, DateTimeOffset now) =>
        _opener.Check(handle, suite, handle == _context.Self ? OfMembers(keyPackages) : keyPackages, now);

    /// <summary>Makes a conversation, and says which entry of its outbox must end before it is there for the others.</summary>
    public (ConversationId Id, long Number) Create(
        ConversationKind kind, string name, CipherSuite suite, ImmutableArray<ReadOnlyMemory<byte>> keyPackages, DateTimeOffset now)
    {
        (ConversationState conversation, long number) = _opener.Create(kind, name, suite, keyPackages, now);
        Conversations.Add(conversation.Id, conversation);
        return (conversation.Id, number);
    }

    /// <summary>The direct conversation with a person, both still in it; the lowest id where both have begun one.</summary>
    public ConversationId? FindDirect(Handle peer) => Conversations.Values
        .Where(c => c.Record is { Kind: ConversationKind.Direct, Membership: Membership.Active } && c.Record.Name == peer.Value)
        .Where(c => c.Roster.Contains(peer) || c.Outbox.Any(static entry => entry.Work is OutboxWork.Add))
        .OrderBy(static c => c.Id.ToString(), StringComparer.Ordinal)
        .Select(static c => (ConversationId?)c.Id)
        .FirstOrDefault();

    /// <summary>The suite in which a person may be added to a group now; checked before anything is asked of the server.</summary>
    public ClientResult<CipherSuite> MayAdd(ConversationId id, Handle member)
    {
        ClientResult<ConversationState> found = FindAdministered(id);
        if (!found.TryGetValue(out ConversationState? conversation, out ClientError? error))
            return ClientResult.Refuse<CipherSuite>(error);
        return conversation.Roster.Contains(member)
            ? ClientResult.Refuse<CipherSuite>(ClientErrorCode.AlreadyMember)
            : ClientResult.Of(conversation.Record.Suite);
    }

    /// <summary>Queues the adding of devices.</summary>
    public ClientResult<long> Add(ConversationId id, ImmutableArray<ReadOnlyMemory<byte>> keyPackages, DateTimeOffset now) =>
        FindAdministered(id).TryGetValue(out ConversationState? conversation, out ClientError? error)
            ? ClientResult.Of(conversation.Queue(new OutboxWork.Add(keyPackages), now))
            : ClientResult.Refuse<long>(error);

    /// <summary>The conversations that go on, each with the suite a device needs KeyPackages of to enter it.</summary>
    public IReadOnlyList<(ConversationId Id, CipherSuite Suite)> ActiveConversations() =>
        [.. Conversations.Values.Where(static c => c.Record is { Membership: Membership.Active, Kind: not ConversationKind.Devices }).Select(static c => (c.Id, c.Record.Suite))];

    /// <summary>Queues the adding of devices of one's own account. KeyPackages that the account's own key has not certified are refused.</summary>
    public ClientResult<long> AddOwnDevices(ConversationId id, IReadOnlyList<byte[]> keyPackages, DateTimeOffset now)
    {
        if (!FindActive(id).TryGetValue(out ConversationState? conversation, out ClientError? error))
            return ClientResult.Refuse<long>(error);
        if (!_opener.Check(_context.Self, conversation.Record.Suite, OfMembers(keyPackages), now).TryGetValue(out ImmutableArray<ReadOnlyMemory<byte>> good, out error))
            return ClientResult.Refuse<long>(error);
        return ClientResult.Of(conversation.Queue(new OutboxWork.Add(good), now));
    }

    /// <summary>Queues the removal of another device of one's own.</summary>
    public ClientResult<long> RemoveOwnDevice(ConversationId id, DeviceId device, DateTimeOffset now) =>
        FindActive(id).TryGetValue(out ConversationState? conversation, out ClientError? error)
            ? ClientResult.Of(conversation.Queue(new OutboxWork.RemoveDevices([device]), now))
            : ClientResult.Refuse<long>(error);

    /// <summary>Queues the removal of a person.</summary>
    public ClientResult<long> Remove(ConversationId id, Handle member, DateTimeOffset now)
    {
        if (!FindAdministered(id).TryGetValue(out ConversationState? conversation, out ClientError? error))
            return ClientResult.Refuse<long>(error);
        if (member == _context.Self)
            return ClientResult.Refuse<long>(ClientErrorCode.PeerIsSelf);
        return conversation.Roster.Contains(member)
            ? ClientResult.Of(conversation.Queue(new OutboxWork.Remove(member), now))
            : ClientResult.Refuse<long>(ClientErrorCode.PeerNotMember);
    }

    /// <summary>Queues a new name.</summary>
    public ClientResult<long> Rename(ConversationId id, string name, DateTimeOffset now)
    {
        if (!FindAdministered(id).TryGetValue(out ConversationState? conversation, out ClientError? error))
            return ClientResult.Refuse<long>(error);
        return MessageBody.IsName(name) ? ClientResult.Of(conversation.Queue(new OutboxWork.Rename(name), now)) : ClientResult.Refuse<long>(ClientErrorCode.NameInvalid);
    }

    /// <summary>Queues one's own leaving.</summary>
    public ClientResult<long> Leave(ConversationId id, DateTimeOffset now) =>
        FindActive(id).TryGetValue(out ConversationState? conversation, out ClientError? error)
            ? ClientResult.Of(conversation.Queue(new OutboxWork.Leave(), now))
            : ClientResult.Refuse<long>(error);

    /// <summary>Changes the name one goes by, and queues telling it; the empty name goes back to the handle.</summary>
    public ClientResult SetNickname(string name, DateTimeOffset now)
    {
        if (name.Length > 0 && !MessageBody.IsName(name))
            return ClientResult.Refuse(ClientErrorCode.NameInvalid);
        _context.Profile = _context.Profile with { Nickname = name };
        _context.Profile.Save(_context.Batch);
        foreach (ConversationState conversation in Conversations.Values)
        {
            conversation.Set(conversation.Roster.WithName(_context.Self, name));
            if (conversation.Record is { Membership: Membership.Active, Kind: not ConversationKind.Devices })
                conversation.Queue(OutgoingContent.Profile(_context, conversation.Id), now);
        }

        return ClientResult.Success;
    }

    /// <summary>Marks items as read, on all of the account's devices.</summary>
    public void MarkRead(ConversationId id, long upToOrder, DateTimeOffset now)
    {
        if (!TryFind(id, out ConversationState? conversation) || !conversation.MarkRead(upToOrder))
            return;
        if (_context.Settings.SendsReadReceipts)
            _receipts.Schedule(conversation, now);
        if (conversation.LastMessage(conversation.Record.ReadUpTo) is { } last)
            _context.Devices.Set(AccountDevices.ReadKey(id), last.ToArray());
    }

    /// <summary>Whether others are told what one has read.</summary>
    public bool SendsReadReceipts => _context.Settings.SendsReadReceipts;

    /// <summary>Changes whether others are told what one has read. What they were told stays told.</summary>
    public void SetReadReceipts(bool areSent)
    {
        _context.Settings = _context.Settings with { SendsReadReceipts = areSent };
        _context.Settings.Save(_context.Batch);
    }

    /// <summary>Queues what would be told in a while: the program is about to end.</summary>
    public void HurryReceipts(DateTimeOffset now)
    {
        foreach (ConversationState conversation in Followed)
            _sender.HurryReceipt(conversation, now);
    }

    /// <summary>What is known of a person's key.</summary>
    public ClientResult<Verification> GetVerification(Handle peer)
    {
        if (peer == _context.Self)
            return ClientResult.Refuse<Verification>(ClientErrorCode.PeerIsSelf);
        if (!_context.Accounts.TryFind(peer, out KnownAccount? account))
            return ClientResult.Refuse<Verification>(ClientErrorCode.PeerUnknown);
        DeviceCertificate self = _context.Profile.Identity.Certificate;
        string number = SafetyNumber.Compute(_context.Crypto, _context.Server, (self.Handle, self.AccountKey), (peer, account.Key));
        return ClientResult.Of(new Verification(peer, number, account.IsVerified, account.HasChanged));
    }

    /// <summary>Notes the user's word on a person's key.</summary>
    public ClientResult ConfirmVerification(Handle peer, bool verified)
    {
        if (!_context.Accounts.TryFind(peer, out KnownAccount? account))
            return ClientResult.Refuse(ClientErrorCode.PeerUnknown);
        _context.Accounts.Confirm(peer, account, verified, _context.Batch);
        _context.Devices.SetContact(peer);
        foreach (ConversationState conversation in Conversations.Values.Where(c => c.Roster.Contains(peer)))
            _context.Step.Tell(new ClientEvent.ConversationChanged(conversation.Id));
        return ClientResult.Success;
    }

    /// <summary>The last items before an order, in ascending order, what is queued after what the log has.</summary>
    public IReadOnlyList<TimelineItem> ReadTimeline(ConversationId id, int count, long before)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!TryFind(id, out ConversationState? conversation) || count == 0)
            return [];
        List<TimelineItem> items = [.. conversation.Outbox.Select(entry => ShowQueued(conversation, entry)).OfType<TimelineItem>().Where(item => item.Order < before).TakeLast(count)];
        if (items.Count == count || before <= 0)
            return items;
        ReadOnlyMemory<byte>? start = before > conversation.Record.LastOrder ? default(ReadOnlyMemory<byte>?) : StoreKey.Of(conversation.Keys.Timeline, StoreKey.OfNumber(before));
        foreach (StoreEntry entry in _context.Store.Read(new StoreRange(conversation.Keys.Timeline, count - items.Count, Descending: true, start)))
        {
            long order = BinaryPrimitives.ReadInt64BigEndian(entry.Key.AsSpan(conversation.Keys.Timeline.Length));
            items.Insert(0, Show(conversation, order, TimelineRecord.Decode(entry.Value)));
        }

        return items;
    }

    /// <summary>All conversations, newest activity first.</summary>
    public IReadOnlyList<Conversation> ReadConversations() =>
        [.. Conversations.Values.Where(static c => c.Record.Kind != ConversationKind.Devices).Select(Show).OrderByDescending(static c => c.LastActivity).ThenBy(static c => c.Id.ToString(), StringComparer.Ordinal)];

    private TimelineItem Show(ConversationState conversation, long order, TimelineRecord record) => new(
        order, record.Id, record.Sender, record.Sender is null ? "" : conversation.Roster.NameOf(record.Sender), record.At, record.Content,
        record.State == DeliveryState.Sent ? _receipts.StateOf(conversation, order) : record.State)
    {
        HandedOverBy = record.HandedOverBy,
    };

    private TimelineItem? ShowQueued(ConversationState conversation, OutboxEntry entry)
    {
        if (entry.Work is not OutboxWork.Message message || MessageBody.IsProfile(message.Mimi))
            return null;
        bool isHead = ReferenceEquals(entry, conversation.Head);
        DeliveryState state = isHead && conversation.Session.IsAppended ? DeliveryState.Sent
            : isHead && conversation.Session.InFlight ? DeliveryState.Sending
            : DeliveryState.Queued;
        return new TimelineItem(
            QueuedOrder + entry.Number, message.Id, _context.Self, conversation.Roster.NameOf(_context.Self), entry.CreatedAt, TimelineRecord.Show(message.Mimi), state);
    }

    private Conversation Show(ConversationState conversation)
    {
        ConversationRecord record = conversation.Record;
        MembershipState state = record.Membership switch
        {
            Membership.Active => MembershipState.Active,
            Membership.Leaving or Membership.Left => MembershipState.Left,
            _ => MembershipState.Removed,
        };
        var members = conversation.Roster.Entries.Keys.Select(ParseHandle).Select(handle => new MemberInfo(
            handle, conversation.Roster.NameOf(handle), IsAdminOf(conversation, handle), handle == _context.Self, _context.Accounts.TryFind(handle, out KnownAccount? account) && account.IsVerified));
        string title = record.Kind == ConversationKind.Group ? record.Name : conversation.Roster.NameOf(ParseHandle(record.Name));
        return new Conversation(
            conversation.Id, record.Kind, title, [.. members], record.Unread, record.LastOrder, conversation.LastActivity, conversation.LastText, state, record.IsAdmin, record.IsPostQuantum)
        {
            History = record.History,
            IsMuted = !_context.Devices.Get(AccountDevices.MutedKey(conversation.Id)).IsEmpty,
            Draft = Encoding.UTF8.GetString(_context.Devices.Get(AccountDevices.DraftKey(conversation.Id)).Span),
            Healing = record.Membership == Membership.Active ? HealingOf(conversation) : null,
        };
    }

    private static Healing HealingOf(ConversationState conversation)
    {
        ConversationRecord record = conversation.Record;
        int leaves = conversation.Roster.Entries.Values.Sum(static entry => entry.Devices.Length);
        return new Healing(record.IsLeafFromKeyPackage ? null : record.LeafUpdatedAt, record.LeafUpdatedAt + LeafSchedule.Interval(record, leaves));
    }

    private static bool IsAdminOf(ConversationState conversation, Handle handle) => conversation.Roster.Admins.Contains(handle.Value);

    private static Handle ParseHandle(string text) => Handle.TryParse(text, out Handle? handle) ? handle : throw new InvalidDataException("A stored handle is damaged.");

    private bool NeedsYes(IEnumerable<string> handles) => handles.Any(text => _context.Accounts.TryFind(ParseHandle(text), out KnownAccount? account) && account.HasChanged);

    private ClientResult<ConversationState> FindActive(ConversationId id)
    {
        if (!TryFind(id, out ConversationState? conversation))
            return ClientResult.Refuse<ConversationState>(ClientErrorCode.ConversationUnknown);
        return conversation.Record.Membership switch
        {
            Membership.Active when !conversation.Outbox.Any(static entry => entry.Work is OutboxWork.Leave) => ClientResult.Of(conversation),
            Membership.Broken => ClientResult.Refuse<ConversationState>(ClientErrorCode.ConversationBroken),
            _ => ClientResult.Refuse<ConversationState>(ClientErrorCode.NotMember),
        };
    }

    private ClientResult<ConversationState> FindAdministered(ConversationId id)
    {
        ClientResult<ConversationState> found = FindActive(id);
        if (!found.Succeeded)
            return found;
        if (found.Value.Record.Kind != ConversationKind.Group)
            return ClientResult.Refuse<ConversationState>(ClientErrorCode.NotGroup);
        if (!found.Value.Record.IsAdmin)
            return ClientResult.Refuse<ConversationState>(ClientErrorCode.NotAdmin);
        return NeedsYes(found.Value.Roster.Entries.Keys) ? ClientResult.Refuse<ConversationState>(ClientErrorCode.AccountKeyChanged) : found;
    }
}
