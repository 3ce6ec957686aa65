using Google.Protobuf;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Client.Tests.Engine;

/// <summary>The server's log semantics in memory: gap-free sequence numbers, one Commit an epoch, idempotent appends, Welcomes beside their Commit.</summary>
internal sealed class FakeServer(TimeProvider time)
{
    private readonly Dictionary<string, Log> _logs = [];
    private readonly Dictionary<string, List<byte[]>> _keyPackages = [];
    private readonly Dictionary<string, byte[]> _lastResorts = [];
    private readonly Dictionary<string, DeviceCertificate> _devices = [];

    public const string Name = "parley.test";

    public IEnumerable<DeviceCertificate> DevicesOf(string handle) => _devices.Values.Where(device => device.Handle.Value == handle);

    public DeviceCertificate Find(byte[] device) => _devices[Convert.ToHexStringLower(device)];

    public void Register(DeviceCertificate certificate) => _devices[certificate.DeviceId.ToString()] = certificate;

    public (int Count, bool HasLastResort) Stock(DeviceId device, CipherSuite suite = MlsProfile.Suite) =>
        (_keyPackages.GetValueOrDefault(Key(device, suite))?.Count ?? 0, _lastResorts.ContainsKey(Key(device, suite)));

    public void AddKeyPackages(DeviceId device, IEnumerable<byte[]> keyPackages)
    {
        foreach (byte[] encoded in keyPackages)
        {
            if (!Tls.TryDecode(encoded, out KeyPackage? keyPackage, out _))
                throw new InvalidOperationException("Not a KeyPackage.");
            string key = Key(device, keyPackage.CipherSuite);
            if (!_keyPackages.TryGetValue(key, out List<byte[]>? stock))
                _keyPackages.Add(key, stock = []);
            if (keyPackage.Extensions.Find(ExtensionType.LastResort) is not null)
                _lastResorts[key] = encoded;
            else if (!stock.Any(known => known.AsSpan().SequenceEqual(encoded)))
                stock.Add(encoded);
        }
    }

    /// <summary>Forgets the KeyPackages of a suite, as if the device had never had any.</summary>
    public void ForgetKeyPackages(DeviceId device, CipherSuite suite)
    {
        _keyPackages.Remove(Key(device, suite));
        _lastResorts.Remove(Key(device, suite));
    }

    public IReadOnlyList<byte[]> Claim(string handle, CipherSuite suite = MlsProfile.Suite)
    {
        var claimed = new List<byte[]>();
        foreach (DeviceCertificate device in DevicesOf(handle))
        {
            string id = Key(device.DeviceId, suite);
            if (_keyPackages.TryGetValue(id, out List<byte[]>? stock) && stock.Count > 0)
            {
                claimed.Add(stock[0]);
                stock.RemoveAt(0);
            }
            else if (_lastResorts.TryGetValue(id, out byte[]? last))
            {
                claimed.Add(last);
            }
        }

        return claimed;
    }

    public ErrorCode CreateGroup(ConversationId group, DeviceId creator)
    {
        string key = group.ToString();
        if (_logs.TryGetValue(key, out Log? log))
            return log.Entries.Count == 0 && log.StretchOf(creator, 0) is not null ? ErrorCode.None : ErrorCode.GroupExists;
        log = new Log();
        log.Stretches.Add((creator, 0, ulong.MaxValue));
        _logs.Add(key, log);
        return ErrorCode.None;
    }

    public Log LogOf(LogId log, DeviceId device)
    {
        string key = log.Conversation?.ToString() ?? "inbox/" + device;
        if (!_logs.TryGetValue(key, out Log? found) && log.Conversation is null)
            _logs.Add(key, found = new Log());
        return found ?? throw new InvalidOperationException("No such log.");
    }

    public SubscribeReply Subscribe(LogId log, DeviceId device, ulong after)
    {
        Log found = LogOf(log, device);
        if (StretchOf(log, device, after) is not { } stretch)
            return new SubscribeReply(ErrorCode.NotAMember);
        ulong head = Math.Min((ulong)found.Entries.Count, stretch.Through);
        return after > head ? new SubscribeReply(ErrorCode.CursorInvalid) : new SubscribeReply(ErrorCode.None, head, Math.Max(after, stretch.After), found.Epoch);
    }

    /// <summary>The next entries of a log that a device may read.</summary>
    public IReadOnlyList<Envelope> Read(LogId log, DeviceId device, ulong after)
    {
        Log found = LogOf(log, device);
        if (StretchOf(log, device, after) is not { } stretch)
            return [];
        return [.. found.Entries.Where(entry => entry.Sequence > Math.Max(after, stretch.After) && entry.Sequence <= stretch.Through).Select(static entry => entry.Clone())];
    }

    public (ErrorCode Error, ulong Sequence) Append(ConversationId group, DeviceId sender, Append append)
    {
        Log log = LogOf(new LogId(group), sender);
        string messageId = Convert.ToHexString(append.MessageId.Span);
        if (log.Ids.TryGetValue(messageId, out ulong known))
            return log.Entries[(int)known - 1].Message == append.Message ? (ErrorCode.None, known) : (ErrorCode.MessageIdReused, 0);
        if (!log.Stretches.Exists(stretch => stretch.Device == sender && stretch.Through == ulong.MaxValue))
            return (ErrorCode.NotAMember, 0);
        if (!MlsMessage.TryDecode(append.Message.Span, out MlsMessage? message, out _) || EntryHeader.Of(message) is not { } content)
            return (ErrorCode.Malformed, 0);
        if (content.Supersedes is { } superseded && superseded != log.LastCommit)
            return (ErrorCode.EpochTaken, 0);
        if (content.Epoch > log.Epoch)
            return (ErrorCode.EpochUnknown, 0);
        if (content.Type != ContentType.Application && content.Epoch < log.Epoch && content.Supersedes is null)
            return (ErrorCode.EpochTaken, 0);
        if (content.Epoch + Limits.PastEpochsMax < log.Epoch || (content.Type == ContentType.Application && content.Epoch < log.EpochOfLastAdd))
            return (ErrorCode.EpochTooOld, 0);
        ulong sequence = (ulong)log.Entries.Count + 1;
        var envelope = new Envelope { Sequence = sequence, ReceivedAtMs = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds(), MessageId = append.MessageId, Message = append.Message };
        envelope.AddedDevices.Add(append.AddedDevices);
        envelope.RemovedDevices.Add(append.RemovedDevices);
        log.Entries.Add(envelope);
        log.Ids.Add(messageId, sequence);
        if (content.Type == ContentType.Commit)
            ApplyCommit(group, log, append, sequence, content.Epoch + 1);
        return (ErrorCode.None, sequence);
    }

    private (ulong After, ulong Through)? StretchOf(LogId log, DeviceId device, ulong after) =>
        log.Conversation is null ? (0, ulong.MaxValue) : LogOf(log, device).StretchOf(device, after);

    private static string Key(DeviceId device, CipherSuite suite) => $"{device}/{suite}";

    private void ApplyCommit(ConversationId group, Log log, Append append, ulong sequence, ulong nextEpoch)
    {
        log.Epoch = nextEpoch;
        log.LastCommit = sequence;
        if (append.AddedDevices.Count > 0)
            log.EpochOfLastAdd = log.Epoch;
        for (int i = 0; i < log.Stretches.Count; i++)
        {
            var stretch = log.Stretches[i];
            if (stretch.Through == ulong.MaxValue && append.RemovedDevices.Any(removed => removed.Span.SequenceEqual(stretch.Device.ToArray())))
                log.Stretches[i] = stretch with { Through = sequence };
        }

        foreach (ByteString added in append.AddedDevices)
        {
            if (!DeviceId.TryParse(added.Span, out DeviceId device))
                throw new InvalidOperationException("Not a device id.");
            if (!log.Stretches.Exists(stretch => stretch.Device == device && stretch.Through == ulong.MaxValue))
                log.Stretches.Add((device, sequence, ulong.MaxValue));
            Log inbox = LogOf(LogId.Inbox, device);
            inbox.Entries.Add(new Envelope
            {
                Sequence = (ulong)inbox.Entries.Count + 1,
                ReceivedAtMs = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds(),
                Welcome = new InboxWelcome { Group = ByteString.CopyFrom(group.ToArray()), CommitSequence = sequence, Welcome = append.Welcome },
            });
        }
    }

    /// <summary>One log, and who may read how far.</summary>
    internal sealed class Log
    {
        public List<Envelope> Entries { get; } = [];

        public Dictionary<string, ulong> Ids { get; } = [];

        public List<(DeviceId Device, ulong After, ulong Through)> Stretches { get; } = [];

        public ulong Epoch { get; set; }

        /// <summary>The epoch since which nobody was added: what is of an earlier one, somebody who is there now could not read.</summary>
        public ulong EpochOfLastAdd { get; set; }

        public ulong LastCommit { get; set; }

        public (ulong After, ulong Through)? StretchOf(DeviceId device, ulong after) =>
            Stretches.Where(stretch => stretch.Device == device && stretch.Through > after).Select(static stretch => ((ulong, ulong)?)(stretch.After, stretch.Through)).FirstOrDefault();
    }
}
