using Parley.Client.Identity;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Client.Conversations;

/// <content>
/// What becomes of a Commit whose path secret opens for some and not for others (docs/decisions/0021). Who cannot follow it asks to be added again, and
/// objects by that. All count the objections in the log; once most have objected, they go on without it, and those who had followed it come back.
/// </content>
internal sealed partial class ConversationReceiver
{
    private static int CountVoters(ConversationState conversation, Envelope commit)
    {
        HashSet<string> removed = [.. commit.RemovedDevices.Select(static device => Convert.ToHexStringLower(device.Span))];
        return conversation.Roster.Entries.Values.SelectMany(static entry => entry.Devices).Count(device => !removed.Contains(device.ToString()));
    }

    /// <summary>A device has said that it cannot follow the log's last Commit.</summary>
    private static void Object(ConversationState conversation, DeviceId device, DateTimeOffset at, DateTimeOffset now)
    {
        ConversationRecord record = conversation.Record;
        if (record.Voters == 0 || record.Objectors.Contains(device))
            return;
        conversation.Set(record with { Objectors = record.Objectors.Add(device) });
        if (conversation.Record is { IsLost: true, IsDisputing: true, IsOverruled: true })
            Resume(conversation, at, now);
    }

    /// <summary>The device that asks, in an epoch that this one is not in, to be added again; null if the message is not a member's wish.</summary>
    private DeviceId? ObjectorOf(ConversationState conversation, MlsMessage message)
    {
        if (message is not MlsMessage.Public { Message: { } open } || !ExternalProposals.TryVerifyAdd(context.Crypto, conversation.Record.Suite, open, out KeyPackage? wished))
            return null;
        bool isMember = context.Certificates.TryRead(wished.LeafNode, out DeviceCertificate? certificate)
            && conversation.Roster.Entries.TryGetValue(certificate.Handle.Value, out RosterEntry? member)
            && member.AccountKey.Span.SequenceEqual(certificate.AccountKey.Span)
            && member.Devices.Contains(certificate.DeviceId);
        return isMember ? CertificateCheck.Of(wished.LeafNode).DeviceId : null;
    }

    /// <summary>This device is one of the many: the Commit is refused, and its group goes on as it was before.</summary>
    private static void Resume(ConversationState conversation, DateTimeOffset at, DateTimeOffset now)
    {
        var rules = ConversationRules.Of(conversation.Group);
        AddUnreadable(conversation, Notices.Overruled(), at);
        conversation.Set(conversation.Record with
        {
            LogEpoch = null,
            HasAskedToReturn = false,
            HasProposals = conversation.Group.ReceivedProposals.Any(),
            HasUnlawfulProposals = conversation.Group.ReceivedProposals.Any(queued => !rules.Allows(queued)),
        });
        conversation.Set(conversation.Session with { SealAfterEpoch = null });
        ScheduleCommit(conversation, now);
    }

    private static void LoseAgain(ConversationState conversation, DateTimeOffset at)
    {
        int voters = conversation.Record.Voters;
        Lose(conversation, conversation.Group.Epoch + 1, at);
        conversation.Set(conversation.Record with { Voters = voters, IsDisputing = true });
    }
}
