using System.Buffers.Binary;
using System.Collections.Immutable;
using Parley.Client.Content;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Contracts.Identity;
using Parley.Mls.Messages;

namespace Parley.Client.Devices;

/// <summary>
/// The account's devices among themselves: one MLS group, whose members are the devices there are. What they say to each other in it makes them the
/// same to their user: the account's state, and a place in every conversation. A device announces a conversation that others are not in; those wish to be
/// added, with a KeyPackage made for it; whoever is there adds them. The server hands out nothing for that, and is asked for nothing.
/// </summary>
internal sealed class AccountDevices
{
    private const string AnnouncedPrefix = "a/";
    private const string ContactPrefix = "c/";
    private const string NamePrefix = "n/";
    private const string ReadPrefix = "r/";
    private const string ReadyPrefix = "z/";
    private const byte IsTold = 1;
    private const byte IsSettled = 2;

    private readonly EngineContext _context;
    private readonly AccountState _state;
    private readonly DeviceWishes _wishes;
    private (ulong Epoch, ImmutableArray<DeviceId> Ids)? _revoked;
    private DateTimeOffset? _removeAt;

    public AccountDevices(EngineContext context)
    {
        _context = context;
        _state = new AccountState(context);
        _wishes = new DeviceWishes(context);
    }

    /// <summary>The devices' group, if there is one: an account that has never had a second device has none.</summary>
    public ConversationState? Group => _context.Conversations.Values.FirstOrDefault(static c => c.Record is { Kind: ConversationKind.Devices, Membership: Membership.Active });

    /// <summary>The account's other devices.</summary>
    public ImmutableArray<DeviceId> Others => Group is { } group ? [.. OwnIn(group).Where(device => device != Self)] : [];

    /// <summary>When something may be due.</summary>
    public IEnumerable<DateTimeOffset?> Times => _wishes.Times.Append(_removeAt);

    private DeviceId Self => _context.Profile.Identity.Certificate.DeviceId;

    /// <summary>The key of the mark up to which a conversation is read: the id of its last message.</summary>
    public static string ReadKey(ConversationId conversation) => ReadPrefix + conversation;

    /// <summary>The key of a device's name.</summary>
    public static string NameKey(DeviceId device) => NamePrefix + device;

    /// <summary>The key of what has been begun to be written in a conversation.</summary>
    public static string DraftKey(ConversationId conversation) => "t/" + conversation;

    /// <summary>The key of whether a conversation is muted.</summary>
    public static string MutedKey(ConversationId conversation) => "m/" + conversation;

    /// <summary>A value of the account's state; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Get(string key) => _state.Get(key);

    /// <summary>Writes a value of the account's state.</summary>
    public void Set(string key, ReadOnlyMemory<byte> value) => _state.Set(key, value);

    /// <summary>Notes the user's word on a person's key.</summary>
    public void SetContact(Handle handle)
    {
        if (_context.Accounts.TryFind(handle, out KnownAccount? account))
            _state.Set(ContactPrefix + handle.Value, account.Encode());
    }

    /// <summary>Whether a device is one of the account's by the word of their group; where there is no group, the account key's word has to do.</summary>
    public bool IsMember(DeviceId device) => Group is not { } group || OwnIn(group).Contains(device);

    /// <summary>The devices that were taken out of the account, and may not come back.</summary>
    public ImmutableArray<DeviceId> Revoked
    {
        get
        {
            if (Group is not { HasGroup: true } group)
                return [];
            if (_revoked is not { } known || known.Epoch != group.Group.Epoch)
                _revoked = known = (group.Group.Epoch, ConversationProfile.Of(group.Group).Revoked);
            return known.Ids;
        }
    }

    /// <summary>Whether a device has a place in all conversations that this one knows of, and has been handed their history.</summary>
    public bool HasSettled(DeviceId device) => _state.Get(ReadyPrefix + device).Span is [IsSettled];

    /// <summary>Devices have been added to the group by this one: they are told everything, and at its end that this was all.</summary>
    public void Welcome(IEnumerable<DeviceId> added)
    {
        foreach ((Handle handle, KnownAccount account) in _context.Accounts.All())
            _state.Set(ContactPrefix + handle.Value, account.Encode());
        _state.TellAgain();
        foreach (DeviceId device in added)
            _state.Set(ReadyPrefix + device, new[] { IsTold });
    }

    /// <summary>Another device of the account has said something in their group.</summary>
    public void Receive(DeviceCertificate sender, InternalMessage message, ulong sequence, DateTimeOffset now)
    {
        switch (message)
        {
            case InternalMessage.State state:
                foreach (string key in _state.Receive(state, sequence))
                    Apply(key);
                _context.Step.Tell(new ClientEvent.DevicesChanged());
                break;
            case InternalMessage.Wishes wishes when Group is { } group:
                int rank = OwnIn(group).Where(device => device != sender.DeviceId).TakeWhile(device => device != Self).Count();
                _wishes.Receive(sender, wishes, now + (rank * MlsProfile.CommitRankDelay));
                break;
        }
    }

    /// <summary>What the others are told next of the account's state; null if they know it all.</summary>
    public InternalMessage.State? TakeUntold() => _state.TakeUntold();

    /// <summary>The log has what this device has told.</summary>
    public void Told(InternalMessage.State state, ulong sequence) => _state.Told(state, sequence);

    /// <summary>A message has come: it may be the one up to which another device has read.</summary>
    public void MessageArrived(ConversationState conversation, MessageId message)
    {
        if (_state.Get(ReadKey(conversation.Id)).Span.SequenceEqual(message.ToArray()))
            conversation.MarkRead(conversation.Record.LastOrder);
    }

    /// <summary>Sees to it that all devices are in all conversations and know the same.</summary>
    public void KeepUp(DateTimeOffset now)
    {
        if (Group is not { IsCaughtUp: true, Record.IsLost: false, Session.IsHalted: false } group || Others is not { IsEmpty: false } others)
            return;
        Announce(others);
        ImmutableArray<ConversationId> wanted = [.. _state.Keys(AnnouncedPrefix).Select(ToConversation).OfType<ConversationId>().Where(id => !_context.Conversations.ContainsKey(id))];
        _wishes.Wish(group, wanted.Select(id => (id, SuiteOf(id))), now);
        _wishes.GrantDue([.. others], now);
        RemoveRevoked(group, now);
        if (wanted.IsEmpty && !_context.Seeker.SeeksOwn && _state.Get(ReadyPrefix + Self).Span is [IsTold])
            _state.Set(ReadyPrefix + Self, new[] { IsSettled });
        if (_state.HasUntold && !group.Outbox.Any(static entry => entry is { Work: OutboxWork.ShareState, Sealed: null }))
            group.Queue(new OutboxWork.ShareState(default), now);
    }

    /// <summary>The account's devices that are in a conversation.</summary>
    public ImmutableArray<DeviceId> OwnIn(ConversationState conversation) =>
        conversation.Roster.Entries.TryGetValue(_context.Self.Value, out RosterEntry? own) ? own.Devices : [];

    private static ConversationId? ToConversation(string key) => ConversationId.TryParse(key[AnnouncedPrefix.Length..], out ConversationId id) ? id : null;

    private CipherSuite SuiteOf(ConversationId conversation) =>
        _state.Get(AnnouncedPrefix + conversation).Span is { Length: sizeof(ushort) } bytes ? (CipherSuite)BinaryPrimitives.ReadUInt16BigEndian(bytes) : default;

    private void Announce(ImmutableArray<DeviceId> others)
    {
        foreach (ConversationState conversation in _context.Conversations.Values.Where(static c => c is { HasLog: true, Record: { Membership: Membership.Active, IsLost: false, Kind: not ConversationKind.Devices } }))
        {
            string key = AnnouncedPrefix + conversation.Id;
            if (!_state.Get(key).IsEmpty || others.All(OwnIn(conversation).Contains))
                continue;
            byte[] suite = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(suite, (ushort)(conversation.Record.IsPostQuantum ? MlsProfile.Suite : MlsProfile.FallbackSuite));
            _state.Set(key, suite);
        }
    }

    /// <summary>A device that was revoked is taken out of every conversation, by whichever device of the account is there first.</summary>
    private void RemoveRevoked(ConversationState group, DateTimeOffset now)
    {
        ImmutableArray<DeviceId> revoked = Revoked;
        List<ConversationState> held = revoked.IsEmpty ? [] :
        [
            .. _context.Conversations.Values.Where(c => c.Record is { Membership: Membership.Active, IsLost: false }
                && OwnIn(c).Any(revoked.Contains) && !c.Outbox.Any(static entry => entry.Work is OutboxWork.RemoveDevices)),
        ];
        if (held.Count == 0)
            _removeAt = null;
        else if (_removeAt is not { } due)
            _removeAt = now + (OwnIn(group).TakeWhile(device => device != Self).Count() * MlsProfile.CommitRankDelay);
        else if (due <= now)
            held.ForEach(conversation => conversation.Queue(new OutboxWork.RemoveDevices(revoked), now));
    }

    private void Apply(string key)
    {
        ReadOnlyMemory<byte> value = _state.Get(key);
        if (key.StartsWith(ReadPrefix, StringComparison.Ordinal) && Find(key) is { } read)
        {
            if (MessageId.TryParse(value.Span, out MessageId last) && read.OrderOf(last) is { } order)
                read.MarkRead(order);
        }
        else if (key.StartsWith(ContactPrefix, StringComparison.Ordinal) && Handle.TryParse(key[ContactPrefix.Length..], out Handle? handle) && handle != _context.Self)
        {
            _context.Accounts.Learn(handle, value, _context.Batch);
        }
        else if (Find(key) is { } conversation)
        {
            _context.Step.Tell(new ClientEvent.ConversationChanged(conversation.Id));
        }
    }

    private ConversationState? Find(string key) =>
        key.Length > ReadPrefix.Length && ConversationId.TryParse(key[ReadPrefix.Length..], out ConversationId id) ? _context.Conversations.GetValueOrDefault(id) : null;
}
