using Parley.Client;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Mls.Groups;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>When the world is quiet, every device that the server takes for a member is one, in the log's epoch, with one epoch authenticator (RFC 9420 §8.7).</summary>
internal sealed class OneEpoch : Checker
{
    public override void IsQuiet(World world)
    {
        foreach (ConversationId conversation in world.Conversations)
        {
            string? common = null;
            foreach (SimulatedDevice device in world.Honest)
            {
                if (!world.Server.IsMember(conversation, device.Id))
                    continue;
                string name = world.NameOf(new LogId(conversation));
                // Who has forgotten a Commit of its own is brought back by another member, if there is one.
                bool isRolledBack = world.SightOf(device).IsRolledBack;
                if (isRolledBack && !world.Honest.Any(other => other != device && world.Server.IsMember(conversation, other.Id)))
                    continue;
                if (world.SightOf(device).Conversations.FirstOrDefault(shown => shown.Id == conversation) is not { } shown)
                {
                    // It has forgotten the keys that it was added with, and learns nothing of the group but its id.
                    if (isRolledBack)
                        continue;
                    throw Broken($"{device} is a member of {name} and does not know it");
                }

                if (shown.State == MembershipState.Left)
                    continue;
                if (shown.State != MembershipState.Active)
                    throw Broken($"{device} is a member of {name} and shows {shown.State}");
                if (world.IsOutvoted(device, conversation))
                    continue;
                using Group group = Restore(device, conversation);
                if (group.Epoch != world.Server.EpochOf(conversation, device.Id))
                    throw Broken($"{device} is in epoch {group.Epoch} of {name}, and the log in {world.Server.EpochOf(conversation, device.Id)}");
                string own = Convert.ToHexStringLower(group.EpochAuthenticator);
                common ??= own;
                if (own != common)
                    throw Broken($"{device} has another epoch authenticator in {name}");
            }
        }
    }

    private static Group Restore(SimulatedDevice device, ConversationId conversation)
    {
        byte[] prefix = new ConversationKeys(conversation).Group;
        using LocalIdentity identity = Profile.Load(device.Crypto, device.Store)?.Identity ?? throw new InvalidOperationException("Every device has a profile.");
        var authentication = new DeviceAuthentication(new CertificateCheck(device.Crypto, Genesis.ServerName));
        return Group.Restore(
            MlsProfile.Config(device.Crypto, authentication), identity.Leaf,
            device.Store.Read(new StoreRange(prefix)).Select(entry => KeyValuePair.Create<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(entry.Key.AsMemory(prefix.Length), entry.Value)));
    }
}
