using Parley.Mls.Crypto;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>draft-ietf-mls-extensions-09 §4.4: secrets of components, given away once.</summary>
public sealed class SafeExporterTests : IDisposable
{
    private const ComponentId Ours = (ComponentId)0x8001;

    private readonly World _world = new World(World.DefaultSuite).WithMembers(3);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void All_members_export_one_secret_for_a_component_and_epoch()
    {
        HashSet<string> seen = [];
        for (int epoch = 0; epoch < 2; epoch++)
        {
            foreach (ComponentId component in (ComponentId[])[Ours, (ComponentId)0x8000, ComponentId.AppComponents, (ComponentId)0xffff])
            {
                string[] exported = [.. _world.Members.Select(member => Export(member, component))];
                Assert.Single(exported.Distinct());
                Assert.Equal(2 * _world.Suite.HashBytes, exported[0].Length);
                Assert.True(seen.Add(exported[0]));
            }

            _world.Commit(_world[1]);
        }
    }

    [Fact]
    public void A_secret_is_the_leaf_of_a_tree_of_two_to_the_sixteenth()
    {
        byte[] root = Stored(_world[0]).Single().Secret;
        foreach (ComponentId component in (ComponentId[])[Ours, ComponentId.AppAck, (ComponentId)0xfffe])
        {
            var secret = new Secret(root);
            for (int bit = 15; bit >= 0; bit--)
            {
                Secret parent = secret;
                secret = _world.Suite.ExpandWithLabel(parent.AsSpan(), "tree", ((int)component >> bit & 1) == 0 ? "left"u8 : "right"u8, _world.Suite.HashBytes);
                parent.Dispose();
            }

            Assert.Equal(Convert.ToHexString(secret.AsSpan()), Export(_world[0], component));
            secret.Dispose();
        }
    }

    [Fact]
    public void A_secret_is_exported_once_also_across_a_restart()
    {
        Export(_world[0], Ours);
        Assert.Throws<InvalidOperationException>(() => _world[0].Group.SafeExportSecret(Ours));
        Assert.Empty(_world[0].Group.TakeWrites());
        _world[0].Restart();
        Assert.Throws<InvalidOperationException>(() => _world[0].Group.SafeExportSecret(Ours));
        Assert.Equal(Export(_world[1], (ComponentId)0x8002), Export(_world[0], (ComponentId)0x8002));
    }

    [Fact]
    public void Nothing_is_stored_that_an_exported_secret_could_be_derived_from()
    {
        string root = Convert.ToHexString(Stored(_world[0]).Single().Secret);
        HashSet<ComponentId> exported = [];
        foreach (ComponentId component in (ComponentId[])[Ours, (ComponentId)0x8000, ComponentId.AppAck, (ComponentId)0xffff])
        {
            string secret = Export(_world[0], component);
            exported.Add(component);
            string stored = _world[0].Store.ToString();
            Assert.DoesNotContain(secret, stored, StringComparison.Ordinal);
            Assert.DoesNotContain(root, stored, StringComparison.Ordinal);
            foreach ((NodeIndex node, _) in Stored(_world[0]))
                Assert.DoesNotContain(exported, taken => node.Covers(new LeafIndex((uint)taken)));
        }

        _world.Commit(_world[1]);
        Assert.Equal([NodeIndex.Root(ExporterTree.LeafCount)], Stored(_world[0]).Select(static entry => entry.Node));
        Client removed = _world[2];
        _world.Commit(_world[1], World.RemoveOf(removed));
        Assert.Empty(Stored(removed));
        Assert.Throws<InvalidOperationException>(() => removed.Group.SafeExportSecret(Ours));
    }

    private static string Export(Client member, ComponentId component)
    {
        using Secret secret = member.Group.SafeExportSecret(component);
        member.Save();
        return Convert.ToHexString(secret.AsSpan());
    }

    private static IEnumerable<(NodeIndex Node, byte[] Secret)> Stored(Client member) => member.Store.Entries
        .Where(static entry => entry.Key.Span[0] == (byte)StateKey.Kind.ExporterNode)
        .Select(static entry => (new NodeIndex(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(entry.Key.Span[1..])), entry.Value.ToArray()));
}
