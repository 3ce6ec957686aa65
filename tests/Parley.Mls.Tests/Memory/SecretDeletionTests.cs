using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tests.Model;

namespace Parley.Mls.Tests.Memory;

/// <summary>RFC 9420 §9.2: what was consumed is deleted, from the store and from memory, and so is all else that has had its use.</summary>
public sealed class SecretDeletionTests
{
    private static readonly (string Name, string Label)[] UntilTheirEnd =
    [
        ("init_secret", "init"),
        ("sender_data_secret", "sender data"),
        ("encryption_secret", "encryption"),
        ("secret of a node of the secret tree", "tree"),
        ("first secret of a handshake ratchet", "handshake"),
        ("first secret of an application ratchet", "application"),
        ("later secret of a ratchet", "secret"),
        ("key of a skipped message", "key"),
        ("nonce of a skipped message", "nonce"),
        ("exporter_secret", "exporter"),
        ("application_export_secret", "application_export"),
        ("secret of a node of the exporter tree", "export tree"),
        ("external_secret", "external"),
        ("confirmation_key", "confirm"),
        ("membership_key", "membership"),
        ("resumption_psk", "resumption"),
        ("epoch_authenticator", "authentication"),
    ];

    private static readonly (string Name, string Label)[] NotAtAll =
    [
        ("path_secret or commit_secret", "path"),
        ("node_secret", "node"),
        ("joiner_secret", "joiner"),
        ("welcome_secret", "welcome"),
        ("key of a Welcome", "welcome key"),
        ("nonce of a Welcome", "welcome nonce"),
        ("epoch_secret", "epoch"),
        ("external PSK", "psk"),
        ("input to the psk_secret", "derived psk"),
        ("key for sender data", "sender data key"),
        ("nonce for sender data", "sender data nonce"),
        ("shared secret of a KEM", "shared secret"),
        ("exported secret", "exported"),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6, CipherSuite.XWingChaCha20Poly1305Sha256Ed25519)]
    public void No_deleted_secret_is_in_the_store_or_in_memory_after_any_step_of_a_history(int seed, CipherSuite suite = World.DefaultSuite)
    {
        using Simulation simulation = Simulation.Run(seed, new Simulation.Settings(600, 10, WatchesSecrets: true) { Suite = suite });
        foreach (Client client in simulation.Watched)
        {
            SecretRecorder recorder = client.Watch!.Recorder; // Those who are watched have one.
            Assert.True(recorder.Count > 200, $"Only {recorder.Count} secrets were seen.");
            Assert.True(recorder.ConsumedCount > 50, $"Only {recorder.ConsumedCount} were consumed.");
        }
    }

    /// <summary>RFC 9420 §8 and §9.2 by name: those that are kept until their use or their epoch ends, and those that no operation leaves behind.</summary>
    [Fact]
    public void Each_secret_that_has_an_end_was_there_and_is_gone()
    {
        using Simulation simulation = Simulation.Run(1, new Simulation.Settings(1000, 10, WatchesSecrets: true));
        using World world = Watched(out Client reader);
        byte[][] messages = [.. Enumerable.Range(0, 3).Select(i => world[0].Send($"{i}"))];
        reader.Read(messages[2]);
        reader.Read(messages[0]);
        for (int epoch = 0; epoch <= world.PastEpochsMax; epoch++)
            world.Commit(world[1]);
        List<SecretRecorder.Recorded> seen = [];
        HashSet<SecretRecorder.Recorded> held = [];
        foreach (Client client in simulation.Watched.Append(reader))
        {
            seen.AddRange(client.Watch!.Recorder.All);
            held.UnionWith(client.Watch.Held(client));
        }

        foreach ((string name, string label) in UntilTheirEnd)
            Assert.True(seen.Exists(secret => secret.Label == label && secret.WasHeld && !held.Contains(secret)), $"No {name} was there and is gone.");
        Assert.True(seen.Exists(secret => secret is { PublicKey: not null, WasHeld: true } && !held.Contains(secret)), "No HPKE private key was replaced.");
        foreach ((string name, string label) in NotAtAll)
        {
            Assert.True(seen.Exists(secret => secret.Label == label), $"No {name} was seen.");
            Assert.DoesNotContain(seen, secret => secret.Label == label && (secret.WasHeld || held.Contains(secret)));
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
