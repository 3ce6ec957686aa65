using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Tree;

/// <summary>Shapes of the tree that other implementations stumbled over. Each ends with all members in agreement and every private key in its place.</summary>
public sealed class TreeShapeTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(33)]
    public void Groups_whose_size_is_no_power_of_two(int members)
    {
        using World world = Of(members);
        world.AssertTalk();
        world.Add(world[members - 1], 1);
        AssertSound(world);
    }

    [Theory]
    [InlineData(4, 2)]
    [InlineData(8, 6)]
    [InlineData(16, 8)]
    public void The_left_half_is_blank_and_the_root_is_filtered_out(int members, int committer)
    {
        using World world = Of(members);
        Client by = world[committer];
        world.Commit(by, [.. world.Members.Take(members / 2).Select(World.RemoveOf)]);
        Assert.Equal(members / 2, world.Members.Count);
        AssertSound(world);
        world.Add(by, 1);
        Assert.Equal(new LeafIndex(0), world.Members[^1].Index);
        AssertSound(world);
    }

    [Fact]
    public void A_tree_with_many_blanks()
    {
        using World world = Of(16);
        Client by = world[14];
        Client[] removed = [.. ((int[])[0, 2, 5, 7, 8, 9, 15]).Select(index => world[index])];
        world.Commit(by, [.. removed.Select(World.RemoveOf)]);
        AssertSound(world);
        foreach (Client member in world.Members.ToArray())
            world.Commit(member);
        AssertSound(world);
    }

    [Fact]
    public void An_add_into_a_subtree_that_is_blank_but_for_the_new_member()
    {
        using World world = Of(5);
        Client by = world[0];
        world.Commit(by, World.RemoveOf(world[2]), World.RemoveOf(world[3]));
        world.Add(by, 1);
        Assert.Equal(new LeafIndex(2), world.Members[^1].Index);
        AssertSound(world);
        world.Commit(world.Members[^1]);
        AssertSound(world);
    }

    [Fact]
    public void A_blank_parent_above_one_with_unmerged_leaves_and_then_a_joiner()
    {
        using World world = Of(12);
        world.Commit(world[4], World.RemoveOf(world[7]));
        world.Add(world[4], 1, new CommitOptions { ForcesPath = false });
        Client updater = world[0];
        world.Propose(updater.Propose(static group => group.ProposeUpdate()));
        world.Commit(world.Members.Find(static member => member.Index.Value == 10)!);
        var nodes = world[0].Group.ExportRatchetTree().Nodes;
        Assert.Null(nodes[7]);
        Assert.Equal(new LeafIndex(7), Assert.Single(((Node.Parent)nodes[11]!).ParentNode.UnmergedLeaves));
        world.Add(world[3], 1);
        AssertSound(world);
    }

    [Fact]
    public void A_Commit_that_empties_the_right_half_and_fills_it_again()
    {
        using World world = Of(8);
        Client by = world[1];
        Proposal[] adds = [.. Enumerable.Range(0, 6).Select(_ => World.AddOf(world.NewClient()))];
        world.Commit(by, [.. adds, .. world.Members.Skip(4).Select(World.RemoveOf)]);
        Assert.Equal(10, world.Members.Count);
        AssertSound(world);
        world.Filled();
        AssertSound(world);
    }

    [Fact]
    public void Adds_take_the_leftmost_blank_leaves_after_the_removes_in_their_order()
    {
        using World world = Of(4);
        Client[] joiners = [world.NewClient(), world.NewClient(), world.NewClient()];
        world.Commit(world[0], [.. joiners.Select(World.AddOf), World.RemoveOf(world[3]), World.RemoveOf(world[1])]);
        Assert.Equal([1u, 3u, 4u], joiners.Select(static joiner => joiner.Index.Value));
        AssertSound(world);
    }

    [Fact]
    public void A_group_of_one_whose_member_is_not_at_leaf_0()
    {
        using World world = Of(2);
        Client last = world[1];
        world.Commit(last, World.RemoveOf(world[0]));
        Assert.Equal(new LeafIndex(1), last.Index);
        Assert.Equal(1, last.Group.MemberCount);
        world.Commit(last);
        var source = Assert.IsType<LeafNodeSource.Commit>(last.Group.Members.Single().Leaf.Source);
        Assert.True(source.ParentHash.IsEmpty);
        world.Add(last, 3);
        AssertSound(world);
    }

    [Fact]
    public void Every_second_leaf_of_a_thousand_is_blank()
    {
        using var world = new World(World.DefaultSuite);
        Client creator = world.NewClient();
        creator.Create();
        world.Members.Add(creator);
        Proposal[] adds = [.. Enumerable.Range(0, 999).Select(_ => World.AddOf(world.NewClient()))];
        creator.Commit(new CommitOptions { Proposals = adds, ForcesPath = false });
        creator.Merge();
        Proposal[] removes = [.. Enumerable.Range(0, 500).Select(static i => new Proposal.Remove(new LeafIndex((uint)(2 * i) + 1)))];
        creator.Commit(new CommitOptions { Proposals = removes });
        creator.Merge();
        Client joiner = world.NewClient();
        PendingCommit pending = creator.Commit(new CommitOptions { Proposals = [World.AddOf(joiner)] });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? welcome, out _));
        creator.Merge();
        joiner.Join(Assert.IsType<MlsMessage.Welcome>(welcome).Message);
        Assert.Equal(new LeafIndex(1), joiner.Index);
        Assert.Equal(501, joiner.Group.MemberCount);
        Assert.Equal(creator.Group.EpochAuthenticator, joiner.Group.EpochAuthenticator);
        byte[] commit = joiner.Commit().Message.ToArray();
        creator.Receive(commit);
        joiner.Merge();
        Assert.Equal(creator.Group.EpochAuthenticator, joiner.Group.EpochAuthenticator);
        Soundness.Assert(joiner);
        Soundness.Assert(creator);
    }

    private static World Of(int members) => new World(World.DefaultSuite).WithMembers(members).Filled();

    private static void AssertSound(World world)
    {
        world.AssertAgreement();
        world.Members.ForEach(Soundness.Assert);
        world.Commit(world.Members[^1]);
        world.Commit(world.Members[0]);
        world.Members.ForEach(Soundness.Assert);
        world.AssertTalk();
    }
}
