using System.Collections.Immutable;
using System.Text;
using Parley.Client.Conversations;
using Parley.Client.Devices;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Client.Engine;

/// <content>The account's devices, what they have in common, and history.</content>
internal sealed partial class ClientEngine
{
    private const int DraftCharsMax = 4000;

    /// <summary>How far the handing over of history has got, to this device and from it.</summary>
    public IReadOnlyList<HistoryProgress> ReadProgress() => [.. _context.Seeker.Progress, .. _context.Giver.Progress];

    /// <summary>Whether the account's devices have a group.</summary>
    public bool HasDeviceGroup => _context.Devices.Group is not null;

    /// <summary>Whether a device is one of the account's, by the word of their group if there is one.</summary>
    public bool IsShared(DeviceId device) => _context.Devices.IsMember(device);

    /// <summary>The name of a device; empty if it has none.</summary>
    public string NameOf(DeviceId device) => Encoding.UTF8.GetString(_context.Devices.Get(AccountDevices.NameKey(device)).Span);

    /// <summary>Whether a device has got its place in every conversation, and its history.</summary>
    public bool HasSettled(DeviceId device) => _context.Devices.HasSettled(device);

    /// <summary>Conversations that not all of the account's devices are in.</summary>
    public IReadOnlyList<ConversationId> Incomplete() => _context.Devices.Others is { IsEmpty: false } others
        ? [.. ActiveConversations().Select(static active => active.Id).Where(id => !others.All(_context.Devices.OwnIn(Conversations[id]).Contains))]
        : [.. ActiveConversations().Select(static active => active.Id)];

    /// <summary>
    /// Queues the adding of a device to the account's group of devices, which is made if there is none. Of the account's KeyPackages only this device's
    /// is taken; without one, those of all devices that were not revoked.
    /// </summary>
    public ClientResult<(ConversationId Conversation, long Number)> AddToDevices(IReadOnlyList<byte[]> keyPackages, DeviceId? device, DateTimeOffset now)
    {
        ImmutableArray<DeviceId> revoked = _context.Devices.Revoked;
        IReadOnlyList<byte[]> wanted = [.. keyPackages.Where(encoded => DeviceOf(encoded) is { } found && found != _context.Profile.Identity.Certificate.DeviceId
            && (device is null || found == device) && !revoked.Contains(found))];
        if (!_opener.Check(_context.Self, MlsProfile.Suite, wanted, now).TryGetValue(out ImmutableArray<ReadOnlyMemory<byte>> good, out ClientError? error))
            return ClientResult.Refuse<(ConversationId, long)>(error);
        return _context.Devices.Group is { } group
            ? ClientResult.Of((group.Id, group.Queue(new OutboxWork.Add(good), now)))
            : ClientResult.Of(Create(ConversationKind.Devices, "", MlsProfile.Suite, good, now));
    }

    /// <summary>Queues that a device is taken out of the account's group of devices for good.</summary>
    public ClientResult<(ConversationId Conversation, long Number)> RemoveFromDevices(DeviceId device, DateTimeOffset now) => _context.Devices.Group is { } group
        ? ClientResult.Of((group.Id, group.Queue(new OutboxWork.RemoveDevices([device]), now)))
        : ClientResult.Refuse<(ConversationId, long)>(ClientErrorCode.DeviceUnknown);

    /// <summary>Names one of the account's devices; the empty name is none.</summary>
    public ClientResult SetDeviceName(DeviceId device, string name)
    {
        if (name.Length > 0 && !Content.MessageBody.IsName(name))
            return ClientResult.Refuse(ClientErrorCode.NameInvalid);
        _context.Devices.Set(AccountDevices.NameKey(device), Encoding.UTF8.GetBytes(name));
        _context.Step.Tell(new ClientEvent.DevicesChanged());
        return ClientResult.Success;
    }

    /// <summary>Keeps what has been begun to be written.</summary>
    public void SetDraft(ConversationId id, string text)
    {
        if (TryFind(id, out _))
            _context.Devices.Set(AccountDevices.DraftKey(id), Encoding.UTF8.GetBytes(text.Length <= DraftCharsMax ? text : text[..DraftCharsMax]));
    }

    /// <summary>Mutes a conversation, or ends that.</summary>
    public ClientResult SetMuted(ConversationId id, bool isMuted)
    {
        if (!TryFind(id, out ConversationState? conversation))
            return ClientResult.Refuse(ClientErrorCode.ConversationUnknown);
        _context.Devices.Set(AccountDevices.MutedKey(id), isMuted ? new byte[] { 1 } : []);
        _context.Step.Tell(new ClientEvent.ConversationChanged(conversation.Id));
        return ClientResult.Success;
    }

    /// <summary>Asks for the messages between two places of a conversation's log, as far as this device has come in it: the account's other devices if there are any, otherwise the members.</summary>
    public void AskForHistory(ConversationId id, ulong after, ulong before)
    {
        if (TryFind(id, out ConversationState? conversation))
            _context.Seeker.Seek(conversation, after, Math.Min(before, conversation.Record.Cursor + 1), isOwn: !_context.Devices.Others.IsEmpty);
    }

    /// <summary>Queues another policy for what those who are added are handed.</summary>
    public ClientResult<long> SetHistory(ConversationId id, HistoryPolicy policy, DateTimeOffset now) =>
        FindAdministered(id).TryGetValue(out ConversationState? conversation, out ClientError? error)
            ? ClientResult.Of(conversation.Queue(new OutboxWork.SetHistory(policy), now))
            : ClientResult.Refuse<long>(error);

    private static DeviceId? DeviceOf(byte[] encoded) =>
        Tls.TryDecode(encoded, out KeyPackage? keyPackage, out _) && CertificateCheck.TryDecode(keyPackage.LeafNode, out DeviceCertificate? certificate) ? certificate.DeviceId : null;

    /// <summary>What the server handed out for one's own account, without devices that the account's own do not know.</summary>
    private IReadOnlyList<byte[]> OfMembers(IReadOnlyList<byte[]> keyPackages) =>
        [.. keyPackages.Where(encoded => DeviceOf(encoded) is not { } device || _context.Devices.IsMember(device))];
}
