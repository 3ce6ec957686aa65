using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tests.Model;

namespace Parley.Mls.Tests.Memory;

/// <summary>RFC 9420 §9.2: what was consumed is deleted, from the store and from memory, and so is all else that has had its use.</summary>
public sealed class SecretDeletionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void No_deleted_secret_is_in_the_store_or_in_memory_after_any_step_of_a_history(int seed)
    {
        using Simulation simulation = Simulation.Run(seed, new Simulation.Settings(600, 10, WatchesSecrets: true));
        foreach (SecretWatch watch in simulation.Watches)
        {
            Assert.True(watch.Recorder.Count > 200, $"Only {watch.Recorder.Count} secrets were seen.");
            Assert.True(watch.Recorder.ConsumedCount > 50, $"Only {watch.Recorder.ConsumedCount} were consumed.");
        }
    }

    [Fact]
    public void A_store_that_keeps_what_was_deleted_is_found()
    {
        var settings = new Simulation.Settings(600, 10, Simulation.Fault.KeepsDeleted, WatchesSecrets: true);
        SimulationFailedException found = Assert.Throws<SimulationFailedException>(() => Simulation.Run(2, settings).Dispose());
        Assert.Contains("has stored under", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_of_a_deleted_secret_in_memory_is_found()
    {
        using World world = Watched(out Client client);
        byte[] exporter = client.Epoch().Secrets.ExporterSecret.AsSpan().ToArray();
        client.Watch!.Extra = exporter;
        client.Watch.CheckMemory(client);
        world.Commit(world[0]);
        InvalidOperationException found = Assert.Throws<InvalidOperationException>(() => client.Watch.CheckMemory(client));
        Assert.Contains("the secret \"exporter\" of epoch 2", found.Message, StringComparison.Ordinal);
        Array.Clear(exporter);
        client.Watch.CheckMemory(client);
    }

    [Fact]
    public void Of_a_disposed_group_nothing_is_left()
    {
        using World world = Watched(out Client client);
        world.Propose(client.Propose(static group => group.ProposeUpdate()));
        client.Commit();
        client.Restart();
        client.Group.Protect("not stored"u8);
        client.Group.Dispose();
        AssertHoldsNone(client.Watch!, client.Group);
    }

    [Fact]
    public void Of_a_Commit_that_is_dropped_nothing_is_left()
    {
        using World world = Watched(out Client client);
        Assert.True(MlsMessage.TryDecode(world[0].Commit().Message.Span, out MlsMessage? message, out _));
        StagedCommit staged = Assert.IsType<Received.Commit>(client.Group.Process(message, World.Now)).Staged;
        staged.Dispose();
        client.Save();
        client.Watch!.CheckMemory(client);
        Assert.Null(staged.Next);
        PendingCommit pending = client.Commit();
        client.Clear();
        client.Watch.Extra = pending;
        client.Watch.CheckMemory(client);
    }

    [Fact]
    public void Of_a_Welcome_and_its_KeyPackage_nothing_is_left_when_they_are_dropped()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        Client joiner = world.NewClient();
        joiner.Observe();
        KeyPackageBundle bundle = joiner.NewKeyPackage();
        byte[] serialized = bundle.Serialize();
        PendingCommit pending = world[0].Commit(new CommitOptions { Proposals = [new Messages.Proposals.Proposal.Add(bundle.KeyPackage)] });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? message, out _));
        KeyPackageBundle restored = KeyPackageBundle.Restore(joiner.Config.Crypto, serialized);
        StagedWelcome staged = StagedWelcome.Stage(joiner.Config, joiner.Identity, Assert.IsType<MlsMessage.Welcome>(message).Message, restored);
        Assert.NotEmpty(Left(joiner.Watch!, staged));
        staged.Dispose();
        restored.Dispose();
        AssertHoldsNone(joiner.Watch!, staged);
        AssertHoldsNone(joiner.Watch!, restored);
        Assert.Throws<InvalidOperationException>(() => staged.Join());
    }

    [Fact]
    public void A_refused_Commit_leaves_no_secret_behind()
    {
        using World world = Watched(out Client client);
        AuthenticatedContent honest = world[0].Commit().Content;
        byte[] tag = honest.Auth.ConfirmationTag!.Value.ToArray();
        tag[0] ^= 1;
        client.Refuses(MlsError.ConfirmationTagInvalid, Forge.Seal(world[0], honest with { Auth = honest.Auth with { ConfirmationTag = tag } }));
        client.Watch!.CheckMemory(client);
        client.Watch.Check(client);
    }

    /// <summary>Three members, one of them watched since it joined, public handshakes so that they can be forged.</summary>
    private static World Watched(out Client client)
    {
        World world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(2);
        client = world.NewClient();
        client.Observe();
        world.Commit(world[0], World.AddOf(client));
        Assert.Same(client, world[2]);
        return world;
    }

    private static void AssertHoldsNone(SecretWatch watch, object holder) => Assert.Empty(Left(watch, holder));

    private static IEnumerable<SecretRecorder.Recorded> Left(SecretWatch watch, object holder) =>
        ObjectGraph.Walk(holder).Select(static entry => entry.Item).OfType<byte[]>().SelectMany(bytes => watch.Recorder.FindIn(bytes))
            .Where(static secret => secret is not { Label: "extract", IsUsed: false });
}
