using System.Buffers.Binary;
using Parley.Client.Content;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>
/// Hands over what others have asked for and may have: another device of one's own all that this one has; somebody who was added to a group what its
/// policy says, and nothing where it says so. All who could hand over have read the wish; whoever added the device begins, each further one waits the
/// longer, the further to the right its leaf is, and waits on while parts keep coming.
/// </summary>
internal sealed class HistoryGiver
{
    private const int PageItems = 500;
    private const int PartItemsMax = 1000;
    private const int PartBytesMax = 96 * 1024;

    // What is left in a message beside its overhead and padding. No client of ours makes a longer one.
    private const int ItemBytesMax = 230 * 1024;

    private static readonly byte[] Prefix = "g/"u8.ToArray();
    private static readonly byte[] AllowancePrefix = "j/"u8.ToArray();
    private static readonly TimeSpan RankDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RankDelayMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EngineContext _context;
    private readonly Dictionary<string, PendingJob> _pending = [];
    private readonly Dictionary<(ConversationId Conversation, DeviceId Device), HistoryAllowance> _allowances = [];

    public HistoryGiver(EngineContext context)
    {
        _context = context;
        foreach (StoreEntry stored in context.Store.Read(new StoreRange(Prefix)))
        {
            var reader = new TlsReader(stored.Value);
            var pending = new PendingJob(StoredId.ReadConversation(reader), HistoryJob.Read(reader), DueAt: null);
            if (!reader.Finish())
                throw new InvalidDataException("A stored wish for history is damaged.");
            _pending.Add(Name(pending.Job), pending);
        }

        foreach (StoreEntry stored in context.Store.Read(new StoreRange(AllowancePrefix)))
        {
            var reader = new TlsReader(stored.Key.AsMemory(AllowancePrefix.Length));
            _allowances.Add((StoredId.ReadConversation(reader), StoredId.ReadDevice(reader)), HistoryAllowance.Decode(stored.Value));
        }
    }

    /// <summary>When something may be due.</summary>
    public IEnumerable<DateTimeOffset?> Times => _pending.Values.Select(static pending => pending.DueAt);

    /// <summary>How far each hand-over of this device's has got.</summary>
    public IEnumerable<HistoryProgress> Progress => _context.Conversations.Values.SelectMany(static channel => channel.Outbox)
        .Select(static entry => entry.Work).OfType<OutboxWork.HandOver>()
        .Select(static work => new HistoryProgress(work.Job.Range.Conversation, work.Job.Sent, work.Job.Total, work.Job.Asker));

    /// <summary>Somebody was added: what the policy gives them is theirs to ask for, and what they may have been given before is void.</summary>
    /// <param name="conversation">To which conversation.</param>
    /// <param name="device">The device.</param>
    /// <param name="allowance">What it may have; null for nothing.</param>
    public void Allow(ConversationId conversation, DeviceId device, HistoryAllowance? allowance)
    {
        byte[] key = StoreKey.Of(AllowancePrefix, conversation.ToArray(), device.ToArray());
        if (allowance is not null)
        {
            _allowances[(conversation, device)] = allowance;
            _context.Batch.Put(key, allowance.Encode());
        }
        else if (_allowances.Remove((conversation, device)))
        {
            _context.Batch.Delete(key);
        }
    }

    /// <summary>A device has asked. Nothing comes of it unless it may have something that this one can hand over.</summary>
    public void Receive(ConversationState channel, DeviceCertificate sender, InternalMessage.Ask ask, DateTimeOffset now)
    {
        bool isOwn = channel.Record.Kind == ConversationKind.Devices;
        HistoryRange range = ask.Range;
        if (sender.DeviceId == _context.Profile.Identity.Certificate.DeviceId || !(isOwn || channel.Id == range.Conversation))
            return;
        HistoryAllowance? allowance = isOwn ? new HistoryAllowance(range.Before, DateTimeOffset.UnixEpoch, IsMine: false) : _allowances.GetValueOrDefault((channel.Id, sender.DeviceId));
        if (allowance is null || !_context.Conversations.TryGetValue(range.Conversation, out ConversationState? conversation) || conversation.Record.Kind == ConversationKind.Devices)
            return;
        if (_context.Seeker.Seeks(range.Conversation) || !HistorySeal.IsPublicKey(_context.Crypto, ask.PublicKey.Span))
            return;
        Forget(channel, job => job.Asker == sender.DeviceId && job.Range.Conversation == range.Conversation);
        var given = new HistoryJob(range with { Before = Math.Min(range.Before, allowance.Before) }, sender.DeviceId, ask.PublicKey, allowance.NotBefore);
        Put(new PendingJob(channel.Id, given, allowance.IsMine ? now : now + Wait(channel, sender.DeviceId, isOwn)));
    }

    /// <summary>Somebody else hands over: as long as that goes on, this device waits.</summary>
    public void Receive(ConversationState channel, DeviceCertificate sender, InternalMessage.HandOver part, DateTimeOffset now)
    {
        if (sender.DeviceId == _context.Profile.Identity.Certificate.DeviceId)
            return;
        HistoryJob? own = channel.Outbox.Select(static entry => entry.Work).OfType<OutboxWork.HandOver>().Select(static work => work.Job).FirstOrDefault(job => job.Range.Id.Span.SequenceEqual(part.AskId.Span));
        if (own is not null && Rank(channel, sender.DeviceId) < Rank(channel, _context.Profile.Identity.Certificate.DeviceId))
        {
            // Both had begun: the one further to the left goes on.
            Forget(channel, job => Name(job) == Name(own));
            Put(new PendingJob(channel.Id, own with { From = long.MaxValue, Sent = 0, Next = 0, NextSent = 0 }, now));
        }

        foreach ((string name, PendingJob pending) in _pending.Where(pair => pair.Value.Channel == channel.Id && pair.Value.Job.Range.Id.Span.SequenceEqual(part.AskId.Span)).ToList())
        {
            if (part.IsLast)
                Finish(channel.Id, pending.Job);
            else
                _pending[name] = pending with { DueAt = now + Patience, Job = pending.Job with { Range = pending.Job.Range with { Before = Math.Min(pending.Job.Range.Before, part.Floor) } } };
        }
    }

    /// <summary>Begins what is due.</summary>
    public void BeginDue(DateTimeOffset now)
    {
        foreach ((string name, PendingJob pending) in _pending.ToList())
        {
            if (pending.DueAt is not { } due)
                _pending[name] = pending with { DueAt = now + Patience };
            else if (!_context.Conversations.TryGetValue(pending.Channel, out ConversationState? channel) || channel.Record.Membership != Membership.Active)
                Finish(pending.Channel, pending.Job);
            else if (due <= now && channel is { IsCaughtUp: true, Record.IsLost: false } && HasAll(pending.Job.Range))
                Begin(channel, pending.Job, now);
        }
    }

    /// <summary>The next part of a hand-over, and how far it has got with that; null if there is nobody to hand it to any more.</summary>
    public (HistoryJob Job, InternalMessage.HandOver Part)? TakePart(ConversationState channel, HistoryJob job)
    {
        bool isThere = channel.Roster.Entries.Values.Any(person => person.Devices.Contains(job.Asker));
        if (!isThere || !_context.Conversations.TryGetValue(job.Range.Conversation, out ConversationState? conversation))
            return null;
        var items = new List<HistoryItem>();
        int bytes = 0;
        long next = 0;
        ulong floor = job.Range.Before;
        foreach ((long order, HistoryItem item) in Items(conversation, job))
        {
            if (items.Count == PartItemsMax || (items.Count > 0 && bytes + item.Bytes > PartBytesMax))
            {
                next = order + 1;
                break;
            }

            items.Add(item);
            bytes += item.Bytes;
            floor = Math.Min(floor, item.Sequence);
        }

        uint sent = job.Sent + (uint)items.Count;
        return HistorySeal.Seal(_context.Crypto, job, items) is not { } content
            ? null
            : (job with { Next = next, NextSent = sent }, new InternalMessage.HandOver(job.Range.Id, floor, job.Total, next == 0, content.KemOutput, content.Ciphertext));
    }

    /// <summary>A part is in the log: the next one takes its turn behind what else waits to be sent.</summary>
    public void HandedOver(ConversationState channel, HistoryJob job, DateTimeOffset now)
    {
        _context.Step.Tell(new ClientEvent.HistoryChanged());
        if (_pending.ContainsKey(Name(job)))
            return;
        if (job.Next > 0)
            channel.Queue(new OutboxWork.HandOver(job with { From = job.Next, Sent = job.NextSent, Next = 0, NextSent = 0 }), now);
        else
            Finish(channel.Id, job);
    }

    /// <summary>Two askers may have chosen the same id.</summary>
    private static string Name(HistoryJob job) => $"{job.Asker}/{Convert.ToHexString(job.Range.Id.Span)}";

    private static byte[] JobKey(HistoryJob job) => StoreKey.Of(Prefix, job.Asker.ToArray(), job.Range.Id.ToArray());

    private static int Rank(ConversationState channel, DeviceId device) => channel.Group.Members.TakeWhile(member => CertificateCheck.Of(member.Leaf).DeviceId != device).Count();

    /// <summary>Messages that are asked for, the newest first, each with its order.</summary>
    private IEnumerable<(long Order, HistoryItem Item)> Items(ConversationState conversation, HistoryJob job)
    {
        byte[] prefix = conversation.Keys.Timeline;
        ReadOnlyMemory<byte>? start = job.From == long.MaxValue ? default(ReadOnlyMemory<byte>?) : StoreKey.Of(prefix, StoreKey.OfNumber(job.From));
        while (true)
        {
            IReadOnlyList<StoreEntry> page = _context.Store.Read(new StoreRange(prefix, PageItems, Descending: true, start));
            foreach (StoreEntry entry in page)
            {
                TimelineRecord record = TimelineRecord.Decode(entry.Value);
                if (record is not { Body: TimelineBody.Message message, Sender: { } sender, State: not DeliveryState.Failed })
                    continue;
                if (record.At < job.NotBefore || (record.Sequence > 0 && record.Sequence <= job.Range.After))
                    yield break;
                var item = new HistoryItem(record.Sequence, record.At, sender, record.HandedOverBy, message.Mimi);
                if (job.Range.Contains(record.Sequence) && item.Bytes <= ItemBytesMax)
                    yield return (BinaryPrimitives.ReadInt64BigEndian(entry.Key.AsSpan(prefix.Length)), item);
            }

            if (page.Count < PageItems)
                yield break;
            start = page[^1].Key;
        }
    }

    /// <summary>Whether this device has read the conversation's log as far as it is asked for, or never will: otherwise it would leave out the newest.</summary>
    private bool HasAll(HistoryRange range) =>
        !_context.Conversations.TryGetValue(range.Conversation, out ConversationState? conversation) || !conversation.IsFollowed || conversation.Record.Cursor + 1 >= range.Before;

    private void Begin(ConversationState channel, HistoryJob job, DateTimeOffset now)
    {
        uint total = _context.Conversations.TryGetValue(job.Range.Conversation, out ConversationState? conversation) ? (uint)Items(conversation, job).Count() : 0;
        Remove(job);
        channel.Queue(new OutboxWork.HandOver(job with { Total = total }), now);
    }

    /// <summary>How long this device leaves it to others.</summary>
    private TimeSpan Wait(ConversationState channel, DeviceId asker, bool isOwn)
    {
        int others = channel.Group.Members.Select(static member => CertificateCheck.Of(member.Leaf).DeviceId)
            .TakeWhile(device => device != _context.Profile.Identity.Certificate.DeviceId).Count(device => device != asker);
        return TimeSpan.FromTicks(Math.Min((others + (isOwn ? 0 : 1)) * RankDelay.Ticks, RankDelayMax.Ticks));
    }

    /// <summary>Whoever has been handed everything once cannot ask for it again and again.</summary>
    private void Finish(ConversationId channel, HistoryJob job)
    {
        Remove(job);
        Allow(channel, job.Asker, allowance: null);
    }

    private void Forget(ConversationState channel, Func<HistoryJob, bool> isMeant)
    {
        foreach (PendingJob pending in _pending.Values.Where(pending => isMeant(pending.Job)).ToList())
            Remove(pending.Job);
        foreach (OutboxEntry entry in channel.Outbox.Where(entry => entry is { Sealed: null, Work: OutboxWork.HandOver work } && isMeant(work.Job)).ToList())
            channel.Cancel(entry);
    }

    private void Remove(HistoryJob job)
    {
        if (_pending.Remove(Name(job)))
            _context.Batch.Delete(JobKey(job));
    }

    private void Put(PendingJob pending)
    {
        _pending[Name(pending.Job)] = pending;
        var writer = new TlsWriter();
        writer.WriteBytes(pending.Channel.ToArray());
        pending.Job.Write(writer);
        _context.Batch.Put(JobKey(pending.Job), writer.ToArray());
    }

    /// <summary>What another device waits for, and when this one begins if nobody else has.</summary>
    private sealed record PendingJob(ConversationId Channel, HistoryJob Job, DateTimeOffset? DueAt);
}

/// <summary>What somebody who was added may be handed.</summary>
/// <param name="Before">Only what is below this sequence number: behind it they can read for themselves.</param>
/// <param name="NotBefore">Only what is not older.</param>
/// <param name="IsMine">Whether this device added them, and so hands over first.</param>
internal sealed record HistoryAllowance(ulong Before, DateTimeOffset NotBefore, bool IsMine)
{
    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteUInt64(Before);
        writer.WriteUInt64((ulong)NotBefore.ToUnixTimeMilliseconds());
        writer.WriteUInt8(IsMine ? (byte)1 : (byte)0);
        return writer.ToArray();
    }

    public static HistoryAllowance Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        var allowance = new HistoryAllowance(reader.ReadUInt64(), DateTimeOffset.FromUnixTimeMilliseconds((long)reader.ReadUInt64()), reader.ReadUInt8() == 1);
        return reader.Finish() ? allowance : throw new InvalidDataException("A stored allowance is damaged.");
    }
}
