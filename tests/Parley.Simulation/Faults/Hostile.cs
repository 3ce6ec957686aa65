using Parley.Client;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Client.Tests.Engine;
using Parley.Contracts;
using Parley.Mls;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Storage;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>What somebody can do who has a member's keys and a client of his own making: it is a member to the server and to MLS, and keeps to no rule.</summary>
internal sealed class Hostile
{
    private readonly World _world;
    private readonly SimulatedDevice _device;
    private readonly SpoilingCrypto _crypto;

    private Hostile(World world, SimulatedDevice device)
    {
        _world = world;
        _device = device;
        _crypto = new SpoilingCrypto(Chance.Of(world.Options.Seed, "hostile"));
    }

    /// <summary>One of the members turns, and acts a few times in each of its conversations.</summary>
    public static void Begin(World world, Action<Hostile, ConversationId> acts)
    {
        // One that was restored from an old copy would use keys twice without meaning to: that would be a fault of another kind.
        List<SimulatedDevice> choices = [.. world.Honest.Where(device => !world.SightOf(device).IsRolledBack)];
        if (choices.Count == 0 || world.Honest.Count < 3)
            return;
        SimulatedDevice device = world.Chance.Pick(choices);
        world.Trace.Add($"{device} turns hostile");
        IReadOnlyList<ConversationId> conversations = world.ConversationsOf(device);
        device.TurnHostile();
        var hostile = new Hostile(world, device);
        foreach (ConversationId conversation in conversations)
        {
            for (int i = 0; i < 3; i++)
                world.Agenda.After(world.Chance.Between(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(30)), () => acts(hostile, conversation));
        }
    }

    public void SendGarbage(ConversationId conversation) => Send(conversation, group =>
    {
        byte[] content = new byte[_world.Chance.Below(100)];
        _world.Chance.Fill(content);
        byte[] message = group.Protect(content);
        if (_world.Chance.PerMille(500))
            message[^(1 + _world.Chance.Below(16))] ^= 1;
        return message;
    });

    /// <summary>A change that no rule allows anybody, or bytes that nobody can open; now and then in the place of a Commit that is good.</summary>
    public void SendGarbageCommit(ConversationId conversation)
    {
        if (_world.Chance.PerMille(400))
            SendSplitCommit(conversation);
        else
            SendRefusedCommit(conversation);
    }

    /// <summary>A Commit that is good but for the path secrets of all other members, or of some.</summary>
    private void SendSplitCommit(ConversationId conversation)
    {
        int spoiled = _world.Chance.PerMille(400) ? 1000 : 500;
        Send(conversation, group =>
        {
            group.ClearPendingCommit();
            _crypto.Spoils = () => _world.Chance.PerMille(spoiled);
            byte[] commit = group.Commit(new CommitOptions(), _world.Agenda.Now).Message.ToArray();
            _crypto.Spoils = null;
            return commit;
        }, isSplit: true);
    }

    private void SendRefusedCommit(ConversationId conversation) => Send(conversation, group =>
    {
        group.ClearPendingCommit();
        ulong lastCommit = _world.Server.LastCommitOf(conversation, _device.Id);
        var options = new CommitOptions
        {
            Proposals = [new Proposal.GroupContextExtensions([])],
            AuthenticatedData = lastCommit > 0 && _world.Chance.PerMille(300) ? Supersession.Encode(lastCommit) : default,
        };
        byte[] commit = group.Commit(options, _world.Agenda.Now).Message.ToArray();
        if (_world.Chance.PerMille(500))
            commit[^(1 + _world.Chance.Below(16))] ^= 1;
        return commit;
    });

    /// <summary>No key is used twice: that would be a fault of another kind.</summary>
    private void Remember(ConversationId conversation, Group group)
    {
        var batch = new StoreBatch();
        foreach (StateWrite write in group.TakeWrites())
        {
            byte[] key = StoreKey.Of(new ConversationKeys(conversation).Group, write.Key.ToArray());
            if (write.Value is { } value)
                batch.Put(key, value.ToArray());
            else
                batch.Delete(key);
        }

        _device.Store.Write(batch);
    }

    private void Send(ConversationId conversation, Func<Group, byte[]> make, bool isSplit = false)
    {
        byte[] prefix = new ConversationKeys(conversation).Group;
        IReadOnlyList<StoreEntry> stored = _device.Store.Read(new StoreRange(prefix));
        if (stored.Count == 0)
            return;
        using LocalIdentity identity = Profile.Load(_crypto, _device.Store)?.Identity ?? throw new InvalidOperationException("It had a profile.");
        var authentication = new DeviceAuthentication(new CertificateCheck(_crypto, Genesis.ServerName));
        using Group group = Group.Restore(
            MlsProfile.Config(_crypto, authentication), identity.Leaf,
            stored.Select(entry => KeyValuePair.Create<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(entry.Key.AsMemory(prefix.Length), entry.Value)));
        if (group.MemberCount < 2 || group.MustCommitFirst)
            return;
        byte[] id = new byte[Limits.MessageIdBytes];
        _world.Chance.Fill(id);
        try
        {
            var message = new SealedMessage(id, group.Epoch, make(group), default, [], []);
            _world.GarbageIs(conversation, id, isSplit);
            Remember(conversation, group);
            _world.Server.Append(_device.Id, message, outcome => _world.Trace.Add($"garbage in {_world.NameOf(new LogId(conversation))}: {outcome.Error}"));
        }
        catch (MlsException refused)
        {
            _world.Trace.Add($"no garbage: {refused.Error}");
        }
    }
}
