using Parley.Client;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Contracts.Wire;
using Parley.Mls.Messages.Framing;
using Parley.Server.Log;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>
/// After a quiet week in which nobody writes, each device has given its leaf new keys in each conversation, within that week, and the log has
/// not been filled with Commits for it.
/// </summary>
internal sealed class Healed : Checker
{
    private const int CommitsPerDeviceMax = 4;

    private static readonly TimeSpan Late = TimeSpan.FromHours(12);

    public override void IsQuiet(World world)
    {
        foreach (SimulatedDevice device in world.Honest.Where(device => !world.SightOf(device).IsRolledBack))
        {
            foreach (Conversation conversation in world.SightOf(device).Conversations.Where(static one => one.State == MembershipState.Active && one.Members.Count > 1))
            {
                if (world.Server.IsMember(conversation.Id, device.Id))
                    Check(world, device, conversation);
            }
        }
    }

    private void Check(World world, SimulatedDevice device, Conversation conversation)
    {
        string name = world.NameOf(new LogId(conversation.Id));
        byte[] stored = device.Store.Get(new ConversationKeys(conversation.Id).Record) ?? throw Broken($"{device} has no record of {name}");
        var record = ConversationRecord.Decode(stored);
        if (record.IsLost)
            return;
        if (record.IsLeafFromKeyPackage || record.LeafUpdatedAt < device.Now - MlsProfile.LeafUpdateInterval - Late)
            throw Broken($"{device} has not healed {name} since {record.LeafUpdatedAt:O}");
        int commits = world.Server.Readable(new LogId(conversation.Id), device.Id).Count(envelope => IsLateCommit(world, envelope));
        if (commits > CommitsPerDeviceMax * world.Devices.Count)
            throw Broken($"{name} has heard {commits} Commits in a week in which nothing happened");
    }

    private static bool IsLateCommit(World world, Envelope envelope) =>
        DateTimeOffset.FromUnixTimeMilliseconds((long)envelope.ReceivedAtMs) > world.QuietSince && MessageHeader.TryParse(envelope.Message.Memory) is { Content: ContentType.Commit };
}
