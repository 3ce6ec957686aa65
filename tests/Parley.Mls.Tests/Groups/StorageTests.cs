using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>What a group stores: enough to go on after a restart at any point, little for each message, and nothing that should be gone.</summary>
public sealed class StorageTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pending_Commit_is_merged_after_a_restart(bool forcesPath)
    {
        using World world = new World(World.DefaultSuite).WithMembers(4).Filled();
        world.Psks.Add("id"u8, "shared"u8);
        world.Propose(world[2].Propose(static group => group.ProposeUpdate()));
        var psk = new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), new byte[world.Suite.HashBytes]));
        Client joiner = world.NewClient();
        PendingCommit pending = world[0].Commit(new CommitOptions
        {
            Proposals = forcesPath ? [World.AddOf(joiner), World.RemoveOf(world[3]), psk] : [World.AddOf(joiner), psk],
            IncludesReceivedProposals = forcesPath,
            ForcesPath = forcesPath,
        });
        byte[] message = pending.Message.ToArray();
        byte[] welcome = pending.Welcome!.Value.ToArray();
        string image = world[0].Store.ToString();
        world[0].Restart();
        Assert.Equal(message, world[0].Group.Pending!.Message.ToArray());
        Assert.Equal(welcome, world[0].Group.Pending!.Welcome!.Value.ToArray());
        Assert.Empty(world[0].Group.TakeWrites());
        Assert.Equal(image, world[0].Store.ToString());
        world.Deliver(world[0], message, welcome, true);
        world.AssertTalk();
        world.Filled().AssertTalk();
    }

    [Fact]
    public void A_pending_Commit_can_be_replaced_or_cleared_after_a_restart()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        byte[] winner = world[1].Commit().Message.ToArray();
        world[0].Commit();
        world[0].Restart();
        world[2].Commit();
        world[2].Restart();
        world[2].Clear();
        Assert.Null(world[2].Group.Pending);
        world.Deliver(world[1], winner, null, true);
        Assert.Null(world[0].Group.Pending);
        world.AssertTalk();
    }

    [Fact]
    public void A_merge_in_memory_and_a_merge_after_a_restart_store_the_same()
    {
        using World world = new World(World.DefaultSuite).WithMembers(5).Filled();
        world[0].Commit(new CommitOptions { Proposals = [World.RemoveOf(world[2])] });
        var restartedStore = new GroupStore();
        restartedStore.Apply([.. world[0].Store.Entries.Select(static entry => new StateWrite(entry.Key, entry.Value))]);
        using Group restarted = Group.Restore(world.Config, world[0].Identity, restartedStore.Entries);
        restarted.MergePendingCommit();
        restartedStore.Apply(restarted.TakeWrites());
        world[0].Merge();
        Assert.Equal(world[0].Store.ToString(), restartedStore.ToString());
    }

    [Fact]
    public void A_message_writes_little_in_a_group_of_a_thousand()
    {
        using var world = new World(World.DefaultSuite);
        Client creator = world.NewClient();
        creator.Create();
        world.Members.Add(creator);
        Client reader = world.NewClient();
        Proposal[] others = [.. Enumerable.Range(0, 998).Select(_ => World.AddOf(world.NewClient()))];
        PendingCommit pending = creator.Commit(new CommitOptions { Proposals = [World.AddOf(reader), .. others] });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? welcome, out _));
        reader.Join(Assert.IsType<MlsMessage.Welcome>(welcome).Message);
        creator.Merge();
        Assert.Equal(1000, reader.Group.MemberCount);
        for (int i = 0; i < 3; i++)
        {
            byte[] message = creator.Group.Protect("text"u8);
            Assert.InRange(WriteAndCount(creator), 1, 1024);
            Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
            reader.Group.Process(decoded, World.Now);
            Assert.InRange(WriteAndCount(reader), 1, 1024);
            creator.Restart();
            reader.Restart();
        }
    }

    [Fact]
    public void The_keys_of_a_message_are_gone_when_it_was_sent_or_opened()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        byte[][] messages = [world[0].Send("0"), world[0].Send("1"), world[0].Send("2")];
        Assert.Equal("2", world[1].Read(messages[2]));
        Assert.Equal(2, Entries(world[1], StateKey.Kind.SkippedKey).Count());
        string skipped = Hex(Entries(world[1], StateKey.Kind.SkippedKey).First());
        string ratchet = Secret(Entries(world[1], StateKey.Kind.Ratchet).Last());
        Assert.Equal("0", world[1].Read(messages[0]));
        Assert.DoesNotContain(skipped, world[1].Store.ToString(), StringComparison.Ordinal);
        Assert.Single(Entries(world[1], StateKey.Kind.SkippedKey));
        Assert.Equal("3", world[1].Read(world[0].Send("3")));
        Assert.DoesNotContain(ratchet, world[1].Store.ToString(), StringComparison.Ordinal);
        string[] own = [.. Entries(world[0], StateKey.Kind.Ratchet).Select(Secret)];
        world[0].Send("4");
        Assert.Single(own, secret => !world[0].Store.ToString().Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public void The_secrets_above_a_sender_are_gone_when_it_first_sent()
    {
        using World world = new World(World.DefaultSuite).WithMembers(8);
        string root = Hex(Entries(world[1], StateKey.Kind.SecretTreeNode).Single());
        world[1].Read(world[0].Send("first"));
        Assert.DoesNotContain(root, world[1].Store.ToString(), StringComparison.Ordinal);
        Assert.Equal(3, Entries(world[1], StateKey.Kind.SecretTreeNode).Count());
    }

    [Fact]
    public void An_epochs_secrets_are_gone_when_it_has_ended()
    {
        using World world = new World(World.DefaultSuite) { PastEpochsMax = 1 }.WithMembers(3).Filled();
        string[] secrets = SecretsOf(world[0]);
        Assert.All(secrets, secret => Assert.Contains(secret, world[0].Store.ToString(), StringComparison.Ordinal));
        string senderData = Convert.ToHexString(world[0].Epoch().Secrets.SenderDataSecret.AsSpan());
        string resumption = Convert.ToHexString(world[0].Epoch().Secrets.ResumptionPsk.AsSpan());
        string replaced = Convert.ToHexString(world[0].Epoch().PrivateKeys[NodeIndex.OfLeaf(world[0].Index)]!.AsSpan());
        world.Commit(world[0]);
        string image = world[0].Store.ToString();
        Assert.DoesNotContain(replaced, image, StringComparison.Ordinal);
        Assert.All(secrets.Except([senderData, resumption]), secret => Assert.DoesNotContain(secret, image, StringComparison.Ordinal));
        Assert.Contains(senderData, image, StringComparison.Ordinal); // Late messages can still be opened.
        world.Commit(world[1]);
        Assert.DoesNotContain(senderData, world[0].Store.ToString(), StringComparison.Ordinal);
        Assert.Single(Entries(world[0], StateKey.Kind.PastEpoch));
        for (int i = 0; i < world.Config.ResumptionPsksMax; i++)
            world.Commit(world[1]);
        Assert.DoesNotContain(resumption, world[0].Store.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_secret_is_left_of_a_group_that_removed_us(bool hasPending)
    {
        using World world = new World(World.DefaultSuite).WithMembers(4).Filled();
        Client removed = world[2];
        removed.Read(world[0].Send("text"));
        string[] secrets = [.. SecretsOf(removed), .. removed.Epoch().PrivateKeys.All.Select(static entry => Convert.ToHexString(entry.Value.AsSpan()))];
        if (hasPending)
        {
            removed.Propose(static group => group.ProposeUpdate());
            removed.Commit();
        }

        world.Commit(world[0], World.RemoveOf(removed));
        string image = removed.Store.ToString();
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, image, StringComparison.Ordinal));
        Assert.All(removed.Store.Entries, static entry => Assert.True((StateKey.Kind)entry.Key.Span[0] is StateKey.Kind.Epoch or StateKey.Kind.TreeNode));
        removed.Restart();
        Assert.True(removed.Group.IsRemoved);
        Assert.Equal(4, removed.Group.MemberCount);
        Assert.Equal("group", Encoding.UTF8.GetString(removed.Group.Context.GroupId.Span));
        Assert.Throws<InvalidOperationException>(() => removed.Group.Protect([]));
    }

    [Fact]
    public void The_keys_of_an_Update_and_of_a_dropped_Commit_are_gone_with_the_epoch()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        world.Propose(world[0].Propose(static group => group.ProposeUpdate()));
        string update = Hex(Entries(world[0], StateKey.Kind.UpdateKey).Single());
        world[0].Commit();
        string pending = Hex(Entries(world[0], StateKey.Kind.PendingCommit).Single());
        byte[] commit = world[1].Commit(new CommitOptions { IncludesReceivedProposals = false }).Message.ToArray();
        world.Deliver(world[1], commit, null, true);
        string image = world[0].Store.ToString();
        Assert.DoesNotContain(update[^64..], image, StringComparison.Ordinal);
        Assert.DoesNotContain(pending[^64..], image, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_a_groups_state_is_not_restored()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        world[0].Commit();
        List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries = [.. world[0].Store.Entries];
        Assert.Throws<ArgumentException>(() => Group.Restore(world.Config, world[0].Identity, []));
        foreach (StateKey.Kind kind in (StateKey.Kind[])[StateKey.Kind.Epoch, StateKey.Kind.PendingCommit, StateKey.Kind.TreeNode])
        {
            int index = entries.FindIndex(entry => (StateKey.Kind)entry.Key.Span[0] == kind);
            for (int length = 0; length < entries[index].Value.Length; length += 7)
                AssertNotRestored(world, entries, index, entries[index].Value[..length]);
        }

        byte[] newer = entries[0].Value.ToArray();
        newer[0]++;
        AssertNotRestored(world, entries, 0, newer);
    }

    private static void AssertNotRestored(
        World world, List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries, int index, ReadOnlyMemory<byte> value)
    {
        List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> broken = [.. entries];
        broken[index] = KeyValuePair.Create(entries[index].Key, value);
        Assert.Throws<ArgumentException>(() => Group.Restore(world.Config, world[0].Identity, broken));
    }

    private static int WriteAndCount(Client client)
    {
        IReadOnlyList<StateWrite> writes = client.Group.TakeWrites();
        client.Store.Apply(writes);
        return writes.Sum(static write => write.Key.Length + (write.Value?.Length ?? 0));
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Entries(Client client, StateKey.Kind kind) =>
        client.Store.Entries.Where(entry => (StateKey.Kind)entry.Key.Span[0] == kind).Select(static entry => entry.Value);

    private static string Hex(ReadOnlyMemory<byte> value) => Convert.ToHexString(value.Span);

    /// <summary>The secret at the end of a ratchet's entry.</summary>
    private static string Secret(ReadOnlyMemory<byte> ratchet) => Hex(ratchet)[^64..];

    private static string[] SecretsOf(Client client)
    {
        var secrets = client.Epoch().Secrets;
        Secret[] all =
        [
            secrets.SenderDataSecret, secrets.ExporterSecret, secrets.ExternalSecret, secrets.ConfirmationKey, secrets.MembershipKey,
            secrets.ResumptionPsk, secrets.EpochAuthenticator, secrets.InitSecret,
        ];
        return [.. all.Select(static secret => Convert.ToHexString(secret.AsSpan()))];
    }
}
