using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Schedule;

/// <summary>
/// RFC 9420 §9, §15.3: keys of messages that are late, early, doubled or forged, and of past epochs. Each with clients that live on and
/// with clients restored after every step.
/// </summary>
public sealed class RatchetTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_are_opened_in_any_order_and_once(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts }.WithMembers(3);
        byte[][] messages = [.. Enumerable.Range(0, 6).Select(i => world[0].Send($"{i}"))];
        foreach (int i in (int[])[3, 0, 5, 1, 4, 2])
        {
            Assert.Equal($"{i}", world[1].Read(messages[i]));
            world[1].Refuses(MlsError.KeyConsumed, messages[i]);
        }

        world.AssertTalk();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Skipped_keys_are_kept_up_to_the_bound_and_jumps_are_limited(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts, ForwardGenerationsMax = 10, SkippedKeysMax = 3 }.WithMembers(2);
        byte[][] messages = [.. Enumerable.Range(0, 23).Select(i => world[0].Send($"{i}"))];
        world[1].Refuses(MlsError.GenerationTooFarAhead, messages[11]);
        Assert.Equal("10", world[1].Read(messages[10]));
        world[1].Refuses(MlsError.KeyConsumed, messages[6]);
        world[1].Refuses(MlsError.GenerationTooFarAhead, messages[22]);
        Assert.Equal("7", world[1].Read(messages[7]));
        Assert.Equal("12", world[1].Read(messages[12])); // The key of 11 is kept beside those of 8 and 9.
        Assert.Equal("14", world[1].Read(messages[14])); // The key of 13 pushes out that of 8.
        world[1].Refuses(MlsError.KeyConsumed, messages[8]);
        foreach (int i in (int[])[9, 11, 13, 22])
            Assert.Equal($"{i}", world[1].Read(messages[i]));
    }

    [Fact]
    public void The_last_generation_there_is_costs_nothing_and_is_refused()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        MlsMessage message = Forge.SealRaw(world[0], ContentType.Application, [0, 0], generation: uint.MaxValue);
        world[1].Refuses(MlsError.GenerationTooFarAhead, message);
        world.AssertUnharmed();
    }

    [Fact]
    public void A_forged_message_of_a_later_generation_uses_up_nothing()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        byte[][] messages = [.. Enumerable.Range(0, 4).Select(i => world[0].Send($"{i}"))];
        world[1].Refuses(MlsError.DecryptionFailed, Forge.SealRaw(world[0], ContentType.Application, [0, 0], generation: 3));
        world[1].Refuses(MlsError.DecryptionFailed, Forge.SealRaw(world[0], ContentType.Application, [0, 0], generation: 900));
        foreach (int i in (int[])[3, 2, 0, 1])
            Assert.Equal($"{i}", world[1].Read(messages[i]));
    }

    [Fact]
    public void A_message_that_fails_twice_leaves_its_keys_for_the_honest_one()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        byte[][] messages = [.. Enumerable.Range(0, 3).Select(i => world[0].Send($"{i}"))];
        Assert.Equal("2", world[1].Read(messages[2]));
        MlsMessage forged = Forge.SealRaw(world[0], ContentType.Application, [0, 0], generation: 1);
        world[1].Refuses(MlsError.DecryptionFailed, forged);
        world[1].Refuses(MlsError.DecryptionFailed, forged);
        Assert.Equal("1", world[1].Read(messages[1]));
        Assert.Equal("0", world[1].Read(messages[0]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Handshake_and_application_keys_are_apart(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts }.WithMembers(2);
        byte[] text = world[0].Send("text");
        byte[] proposal = world[0].Propose(static group => group.ProposeUpdate());
        world[1].Receive(proposal);
        Assert.Equal("text", world[1].Read(text));
        world[1].Refuses(MlsError.KeyConsumed, proposal);
        world[1].Refuses(MlsError.KeyConsumed, text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_of_past_epochs_are_opened_as_long_as_they_are_kept(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts, PastEpochsMax = 2 }.WithMembers(3);
        var messages = new List<byte[]>();
        for (int epoch = 0; epoch < 4; epoch++)
        {
            messages.Add(world[0].Send($"first of {epoch}"));
            messages.Add(world[0].Send($"second of {epoch}"));
            world.Commit(world[epoch % 3]);
        }

        world[1].Refuses(MlsError.EpochExpired, messages[2]);
        Assert.Equal("second of 2", world[1].Read(messages[5]));
        world[1].Refuses(MlsError.KeyConsumed, messages[5]);
        Assert.Equal("first of 2", world[1].Read(messages[4]));
        Assert.Equal("second of 3", world[1].Read(messages[7]));
        world.Commit(world[0]);
        world[1].Refuses(MlsError.EpochExpired, messages[4]);
        Assert.Equal("first of 3", world[1].Read(messages[6]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_message_has_its_senders_leaf_of_that_time(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts }.WithMembers(4);
        Client removed = world[2];
        LeafIndex place = removed.Index;
        byte[] late = removed.Send("late");
        byte[] key = removed.Identity.Signer.PublicKey.ToArray();
        world.Commit(world[0], World.RemoveOf(removed));
        world.Add(world[0], 1);
        Client successor = world.Members[^1];
        Assert.Equal(place, successor.Index);
        byte[] current = successor.Send("current");
        var old = Assert.IsType<Received.Application>(world[1].Receive(late));
        Assert.Equal(place, old.Sender);
        Assert.Equal(key, old.SenderLeaf.SignatureKey.ToArray());
        var recent = Assert.IsType<Received.Application>(world[1].Receive(current));
        Assert.Equal(successor.Identity.Signer.PublicKey.ToArray(), recent.SenderLeaf.SignatureKey.ToArray());
        Assert.Throws<MlsException>(() => successor.Receive(late));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_message_of_a_member_that_has_committed_since_is_verified_with_its_old_leaf(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts }.WithMembers(3);
        byte[] late = world[2].Send("late");
        byte[] encryptionKey = world[2].Epoch().Tree.LeafAt(world[2].Index)!.EncryptionKey.ToArray();
        world.Commit(world[2]);
        world.Commit(world[2]);
        var received = Assert.IsType<Received.Application>(world[0].Receive(late));
        Assert.Equal(encryptionKey, received.SenderLeaf.EncryptionKey.ToArray());
    }

    [Fact]
    public void Nothing_is_kept_of_past_epochs_if_so_wished()
    {
        using World world = new World(World.DefaultSuite) { PastEpochsMax = 0 }.WithMembers(2);
        byte[] late = world[0].Send("late");
        world.Commit(world[0]);
        world[1].Refuses(MlsError.EpochExpired, late);
        world[1].Restart();
        world[1].Refuses(MlsError.EpochExpired, late);
        world.AssertTalk();
    }
}
