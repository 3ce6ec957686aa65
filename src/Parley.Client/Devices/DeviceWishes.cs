using System.Collections.Immutable;
using Parley.Client.Content;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Client.Devices;

/// <summary>
/// Wishes of the account's devices to be added to conversations: this one's own, and those of others, which it grants when its turn comes and nobody
/// has been faster. A KeyPackage comes in the wish, in the group of the account's devices, so that it is its sender's for certain.
/// </summary>
internal sealed class DeviceWishes
{
    private static readonly byte[] WishedPrefix = "w/"u8.ToArray();
    private static readonly byte[] GrantPrefix = "v/"u8.ToArray();

    // Far less than its KeyPackage is good for. Whoever is online the first time reads the wish; it is made anew for those who could not grant it.
    private static readonly TimeSpan Patience = TimeSpan.FromDays(7);

    private readonly EngineContext _context;
    private readonly Dictionary<ConversationId, DateTimeOffset> _wished = [];
    private readonly Dictionary<(ConversationId Conversation, DeviceId Device), Grant> _grants = [];

    public DeviceWishes(EngineContext context)
    {
        _context = context;
        foreach (StoreEntry stored in context.Store.Read(new StoreRange(WishedPrefix)))
        {
            var reader = new TlsReader(stored.Key.AsMemory(WishedPrefix.Length));
            _wished.Add(StoredId.ReadConversation(reader), DateTimeOffset.FromUnixTimeMilliseconds((long)new TlsReader(stored.Value).ReadUInt64()));
        }

        foreach (StoreEntry stored in context.Store.Read(new StoreRange(GrantPrefix)))
        {
            var reader = new TlsReader(stored.Key.AsMemory(GrantPrefix.Length));
            _grants.Add((StoredId.ReadConversation(reader), StoredId.ReadDevice(reader)), new Grant(stored.Value, DueAt: null));
        }
    }

    /// <summary>When something may be due.</summary>
    public IEnumerable<DateTimeOffset?> Times => _grants.Values.Select(static grant => grant.DueAt);

    /// <summary>Asks the other devices to add this one.</summary>
    public void Wish(ConversationState group, IEnumerable<(ConversationId Conversation, CipherSuite Suite)> wanted, DateTimeOffset now)
    {
        var due = wanted.Where(wish => MlsProfile.Suites.Contains(wish.Suite) && !(_wished.TryGetValue(wish.Conversation, out DateTimeOffset at) && at + Patience > now)).ToList();
        foreach ((ConversationId Conversation, CipherSuite Suite)[] some in due.Chunk(InternalMessage.WishesMax))
        {
            ImmutableArray<Wish> wishes = [.. some.Select(wish => new Wish(wish.Conversation, _context.KeyPackages.CreateForReturn(wish.Suite, now, _context.Batch).Encode()))];
            group.Queue(OutgoingContent.Internal(_context, new InternalMessage.Wishes(wishes)), now);
            foreach ((ConversationId conversation, _) in some)
            {
                _wished[conversation] = now;
                _context.Batch.Put(StoreKey.Of(WishedPrefix, conversation.ToArray()), StoreKey.OfNumber(now.ToUnixTimeMilliseconds()));
            }
        }
    }

    /// <summary>Another device wishes to be added. Only what is its own is kept.</summary>
    public void Receive(DeviceCertificate sender, InternalMessage.Wishes wishes, DateTimeOffset due)
    {
        if (sender.DeviceId == _context.Profile.Identity.Certificate.DeviceId)
            return;
        foreach (Wish wish in wishes.All)
        {
            bool isSenders = Tls.TryDecode(wish.KeyPackage.Span, out KeyPackage? keyPackage, out _)
                && _context.Certificates.TryRead(keyPackage.LeafNode, out DeviceCertificate? certificate)
                && certificate.Encoded.Span.SequenceEqual(sender.Encoded.Span);
            if (!isSenders || !_context.Conversations.TryGetValue(wish.Conversation, out ConversationState? conversation) || conversation.Record.Kind == ConversationKind.Devices)
                continue;
            _grants[(wish.Conversation, sender.DeviceId)] = new Grant(wish.KeyPackage, due);
            _context.Batch.Put(Key(wish.Conversation, sender.DeviceId), wish.KeyPackage.ToArray());
        }
    }

    /// <summary>Adds the devices whose wish is due, if they are still the account's and nobody has added them yet.</summary>
    public void GrantDue(HashSet<DeviceId> others, DateTimeOffset now)
    {
        foreach (((ConversationId id, DeviceId device), Grant grant) in _grants.ToList())
        {
            bool canBe = _context.Conversations.TryGetValue(id, out ConversationState? conversation) && conversation.Record.Membership == Membership.Active && others.Contains(device);
            if (!canBe || conversation is null || _context.Devices.OwnIn(conversation).Contains(device))
                Drop(id, device);
            else if (!(grant.DueAt > now) && conversation is { IsCaughtUp: true, Record.IsLost: false })
            {
                conversation.Queue(new OutboxWork.Add([grant.KeyPackage]), now);
                Drop(id, device);
            }
        }
    }

    private static byte[] Key(ConversationId conversation, DeviceId device) => StoreKey.Of(GrantPrefix, conversation.ToArray(), device.ToArray());

    private void Drop(ConversationId conversation, DeviceId device)
    {
        _grants.Remove((conversation, device));
        _context.Batch.Delete(Key(conversation, device));
    }

    private sealed record Grant(ReadOnlyMemory<byte> KeyPackage, DateTimeOffset? DueAt);
}
