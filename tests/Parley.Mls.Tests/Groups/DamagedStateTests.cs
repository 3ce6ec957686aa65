using System.Buffers.Binary;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Tests.Groups;

/// <summary>Stored state that is not what was written is refused as a whole, with one kind of exception. Cases that fuzzing found.</summary>
public sealed class DamagedStateTests : IDisposable
{
    private const byte Epoch = 1;
    private const byte TreeNode = 2;
    private const byte PastEpoch = 7;
    private const byte CachedProposal = 8;

    private readonly World _world = new World(World.DefaultSuite).WithMembers(3).Filled();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(2u)]
    [InlineData(0x0002_0000u)]
    [InlineData(0x8000_0000u)]
    public void A_tree_of_another_size_is_refused(uint leafCount) =>
        AssertRefused((kind, _, value) => kind == Epoch ? Changed(value, PlaceOfLeafCount(value), leafCount) : value);

    [Theory]
    [InlineData(3u)]
    [InlineData(0x8000_0000u)]
    public void A_past_epoch_of_an_impossible_size_is_refused(uint leafCount)
    {
        AssertRefused((kind, _, value) =>
        {
            if (kind != PastEpoch)
                return value;
            var reader = new TlsReader(value);
            reader.ReadVector();
            reader.ReadVector();
            return Changed(value, reader.Position, leafCount);
        });
    }

    [Fact]
    public void A_tree_without_our_own_leaf_is_refused()
    {
        IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> without = Entries().Where(static entry => entry.Key.Span is not [TreeNode, 0, 0, 0, 0]);
        Assert.Throws<ArgumentException>(() => Group.Restore(_world.Config, _world[0].Identity, without));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void A_secret_tree_of_which_a_part_is_missing_is_refused(byte kind)
    {
        // Otherwise it would be found out by the first message of a leaf, when it is too late to say so.
        List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries = [.. Entries()];
        IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> ofKind = entries.Where(entry => entry.Key.Span[0] == kind);
        Assert.NotEmpty(ofKind);
        Assert.All(ofKind, missing => Assert.Throws<ArgumentException>(() => Group.Restore(_world.Config, _world[0].Identity, entries.Where(entry => !entry.Key.Equals(missing.Key)))));
    }

    [Fact]
    public void A_node_in_the_place_of_another_kind_is_refused()
    {
        byte[] leaf = Entries().Single(static entry => entry.Key.Span is [TreeNode, 0, 0, 0, 0]).Value.ToArray();
        AssertRefused((kind, key, value) => kind == TreeNode && key[^1] == 1 ? leaf : value);
    }

    [Fact]
    public void A_waiting_proposal_that_does_not_decode_or_is_none_is_refused()
    {
        _world.Propose(_world[1].Propose(static group => group.ProposeUpdate()));
        AssertRefused(static (kind, _, value) => kind == CachedProposal ? value[..^1] : value);
        byte[] other = Forge.Sign(_world[1], new Content.Application("hello"u8.ToArray()), WireFormat.PrivateMessage).Encode();
        AssertRefused((kind, _, value) => kind == CachedProposal ? other : value);
    }

    private IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Entries() => _world[0].Store.Entries;

    private void AssertRefused(Func<byte, byte[], byte[], byte[]> change)
    {
        using (Group.Restore(_world.Config, _world[0].Identity, Entries()))
        {
            // What was written is restored.
        }

        bool isChanged = false;
        var damaged = new List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>();
        foreach ((ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) in Entries())
        {
            byte[] changed = change(key.Span[0], key.ToArray(), value.ToArray());
            isChanged |= !value.Span.SequenceEqual(changed);
            damaged.Add(new(key, changed));
        }

        Assert.True(isChanged);
        Assert.Throws<ArgumentException>(() => Group.Restore(_world.Config, _world[0].Identity, damaged));
    }

    private static int PlaceOfLeafCount(byte[] epoch)
    {
        var reader = new TlsReader(epoch);
        reader.ReadUInt16();
        reader.ReadVector();
        reader.ReadUInt32();
        reader.ReadVector();
        reader.ReadVector();
        return reader.Position;
    }

    private static byte[] Changed(byte[] value, int place, uint number)
    {
        byte[] changed = [.. value];
        BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(place), number);
        return changed;
    }
}
