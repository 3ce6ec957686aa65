using CsCheck;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Crypto;
using Parley.Mls.Tests.Memory;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// A way into a group, or back into it, that was damaged on its way is refused and costs nothing: what was to be used is as it was, and the
/// undamaged bytes lead to the same group as if the others had never come.
/// </summary>
public sealed class FailedJoinTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_damaged_Welcome_spoils_neither_the_KeyPackage_nor_the_group_it_continues(bool isBranch)
    {
        using World world = new World(World.DefaultSuite, new SeededRandomSource(isBranch ? 1 : 2)).WithMembers(3).Filled();
        Client joiner = isBranch ? world[1] : world.NewClient();
        using KeyPackageBundle bundle = joiner.NewKeyPackage();
        var options = new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)], WelcomeHasRatchetTree = isBranch };
        (byte[] welcome, RatchetTreeExtension? tree) = isBranch ? Branch(world[0], options) : Commit(world[0], options);
        byte[] stored = bundle.Serialize();
        string image = isBranch ? StateImage.Of(joiner.Group) : "";
        Group? Former(ReadOnlyMemory<byte> id) => isBranch ? joiner.Group : null;
        StagedWelcome Stage(MlsMessage.Welcome message, RatchetTreeExtension? given) =>
            StagedWelcome.Stage(world.Config, joiner.Identity, message.Message, bundle, given, Former);

        AssertRefused(welcome, damaged => Stage((MlsMessage.Welcome)damaged, tree).Dispose());
        if (tree is not null)
            AssertRefused(tree.Encode(), (RatchetTreeExtension damaged) => Stage((MlsMessage.Welcome)Decode(welcome), damaged).Dispose());
        Assert.Equal(stored, bundle.Serialize());
        Assert.Equal(image, isBranch ? StateImage.Of(joiner.Group) : "");
        using StagedWelcome staged = Stage((MlsMessage.Welcome)Decode(welcome), tree);
        using Group joined = staged.Join();
        joined.Protect("hello"u8);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_damaged_GroupInfo_is_no_way_in_and_the_honest_one_is_still(bool treeApart)
    {
        using World world = new World(World.DefaultSuite, new SeededRandomSource(3)).WithMembers(4).Filled();
        Client joiner = world.NewClient();
        byte[] info = world[0].Group.CreateGroupInfo(!treeApart);
        RatchetTreeExtension? tree = treeApart ? world[0].Group.ExportRatchetTree() : null;
        void Join(MlsMessage message, RatchetTreeExtension? given) => VerifiedGroupInfo.Verify(world.Config, ((MlsMessage.GroupInfo)message).Message, given)
            .Commit(joiner.Identity, new ExternalCommitOptions(), World.Now).Dispose();

        AssertRefused(info, damaged => Join(damaged, tree));
        if (tree is not null)
            AssertRefused(tree.Encode(), (RatchetTreeExtension damaged) => Join(Decode(info), damaged));
        byte[] commit = joiner.CommitExternally(info, tree: tree);
        foreach (Client member in world.Members)
            member.Receive(commit);
        world.Joins(joiner);
        world.AssertUnharmed();
    }

    [Fact]
    public void What_was_stored_and_is_damaged_is_refused_as_a_whole_and_left_as_it_is()
    {
        using World world = new World(World.DefaultSuite, new SeededRandomSource(4)).WithMembers(3).Filled();
        world[1].Send("skipped");
        world[0].Read(world[1].Send("read"));
        world.Propose(world[1].Propose(static group => group.ProposeUpdate()));
        world[0].Propose(static group => group.ProposeUpdate());
        world[0].Commit(new CommitOptions { Proposals = [World.AddOf(world.NewClient())] });
        Client owner = world[0];
        string store = owner.Store.ToString();
        string image = StateImage.Of(owner.Copy());
        KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>[] entries = [.. owner.Store.Entries];
        int refused = 0;
        Gen.Select(Gen.Int[0, entries.Length - 1], Gen.Int[0, int.MaxValue], Gen.Byte[1, 255]).Sample(
            (index, place, change) =>
            {
                byte[] value = entries[index].Value.ToArray();
                byte[] damaged = change % 2 == 0 || value.Length == 0 ? value[..(place % Math.Max(value.Length, 1))] : Flip(value, place % value.Length, change);
                try
                {
                    IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> given =
                        [.. entries[..index], new(entries[index].Key, damaged), .. entries[(index + 1)..]];
                    Group.Restore(owner.Config, owner.Identity, given).Dispose();
                }
                catch (ArgumentException)
                {
                    refused++; // Not all damage shows: any bytes may be a key.
                }
            },
            iter: 400,
            threads: 1);
        output.WriteLine($"{refused} of 400 were refused.");
        Assert.True(refused > 100);
        Assert.Equal(store, owner.Store.ToString());
        using Group restored = owner.Copy();
        Assert.Equal(image, StateImage.Of(restored));
    }

    private static (byte[] Welcome, RatchetTreeExtension? Tree) Commit(Client committer, CommitOptions options)
    {
        PendingCommit pending = committer.Commit(options);
        return (pending.Welcome!.Value.ToArray(), pending.Staged.Tree.ToExtension()); // Somebody is added.
    }

    private static (byte[] Welcome, RatchetTreeExtension? Tree) Branch(Client maker, CommitOptions options)
    {
        ContinuedGroup branch = maker.Group.Branch(maker.Identity, "branch"u8, [], options, World.Now);
        branch.Group.Dispose();
        return (branch.Welcome!.Value.ToArray(), null);
    }

    private static void AssertRefused(byte[] honest, Action<MlsMessage> use) => AssertRefused(
        honest, static bytes => MlsMessage.TryDecode(bytes, out MlsMessage? message, out _) ? message : null, use);

    private static void AssertRefused<T>(byte[] honest, Action<T> use)
        where T : class, ITlsStruct<T> => AssertRefused(honest, static bytes => Tls.TryDecode(bytes, out T? value, out _) ? value : null, use);

    /// <summary>One byte is another, or the end is missing: it does not decode, is something else, or is refused.</summary>
    private static void AssertRefused<T>(byte[] honest, Func<byte[], T?> decode, Action<T> use)
        where T : class =>
        Gen.Select(Gen.Int[0, honest.Length - 1], Gen.Byte[1, 255], Gen.Int[0, 9]).Sample(
            (place, change, kind) =>
            {
                if (decode(kind == 0 ? honest[..place] : Flip(honest, place, change)) is { } damaged)
                    Assert.True(Record.Exception(() => use(damaged)) is MlsException or InvalidCastException);
            },
            iter: 300,
            threads: 1);

    private static byte[] Flip(byte[] bytes, int place, byte change)
    {
        byte[] flipped = [.. bytes];
        flipped[place] ^= change;
        return flipped;
    }

    private static MlsMessage Decode(byte[] message)
    {
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
        return decoded;
    }
}
