using System.Reflection;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Memory;

namespace Parley.Mls.Tests.Groups;

/// <summary>Of a group that we were removed from, or that a ReInit has ended, nothing can be had, and trying changes nothing.</summary>
public sealed class EndedGroupTests
{
    /// <summary>Every method that a group has for the application, with what a caller would do.</summary>
    private static readonly Dictionary<string, Func<Tried, object?>> Operations = new(StringComparer.Ordinal)
    {
        [nameof(Group.Commit)] = static tried => tried.Group.Commit(new CommitOptions(), World.Now),
        [nameof(Group.MergePendingCommit)] = static tried => Do(tried.Group.MergePendingCommit),
        [nameof(Group.ClearPendingCommit)] = static tried => Do(tried.Group.ClearPendingCommit),
        [nameof(Group.Merge)] = static tried => Do(() => tried.Group.Merge(tried.Staged)),
        [nameof(Group.Process)] = static tried => tried.Group.Process(tried.Message, World.Now),
        [nameof(Group.Protect)] = static tried => tried.Group.Protect("text"u8),
        [nameof(Group.Propose)] = static tried => tried.Group.Propose(new Proposal.GroupContextExtensions([]), World.Now),
        [nameof(Group.ProposeUpdate)] = static tried => tried.Group.ProposeUpdate(),
        [nameof(Group.ProposeSelfRemove)] = static tried => tried.Group.ProposeSelfRemove(),
        [nameof(Group.ProposeAppAck)] = static tried => tried.Group.ProposeAppAck(),
        [nameof(Group.CreateAppAck)] = static tried => tried.Group.CreateAppAck(),
        [nameof(Group.Compare)] = static tried => tried.Group.Compare(new AppAck([])),
        [nameof(Group.CreateGroupInfo)] = static tried => tried.Group.CreateGroupInfo(true),
        [nameof(Group.Export)] = static tried => tried.Group.Export("label", [], 32),
        [nameof(Group.SafeExportSecret)] = static tried => tried.Group.SafeExportSecret((ComponentId)0x8001),
        [nameof(Group.FindResumptionPsk)] = static tried => tried.Group.FindResumptionPsk(tried.Group.Epoch),
        [nameof(Group.Branch)] = static tried => tried.Group.Branch(tried.Identity, "branch"u8, [], new CommitOptions(), World.Now),
        [nameof(Group.Reinitialize)] = static tried => tried.Group.Reinitialize(tried.Identity, new CommitOptions(), World.Now),
    };

    /// <summary>What has no secret to give and none to change.</summary>
    private static readonly HashSet<string> Harmless =
        [nameof(Group.FindAppData), nameof(Group.ExportRatchetTree), nameof(Group.TakeWrites), nameof(Group.Dispose), nameof(Group.ClearPendingCommit), nameof(Group.Compare), nameof(Group.CreateAppAck)];

    /// <summary>A ReInit ends the sending: what came late can be read, and the new group begins with what there is.</summary>
    private static readonly HashSet<string> GivenAfterReInit =
        [nameof(Group.Export), nameof(Group.SafeExportSecret), nameof(Group.FindResumptionPsk), nameof(Group.Process)];

    /// <summary>Of these what is given is gone.</summary>
    private static readonly HashSet<string> GivenOnce = [nameof(Group.SafeExportSecret), nameof(Group.Process)];

    public static TheoryData<string> Names => [.. Operations.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_method_of_a_group_is_tried()
    {
        IEnumerable<string> methods = typeof(Group).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(static method => !method.IsSpecialName).Select(static method => method.Name).Distinct();
        Assert.Empty(methods.Except([.. Operations.Keys, .. Harmless]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_is_given_after_we_were_removed(string operation)
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        Tried tried = Prepare(world, World.RemoveOf(world[2]));
        Assert.True(tried.Group.IsRemoved);
        string image = StateImage.Of(tried.Group);
        AssertNothing(operation, tried, isGiven: Harmless.Contains(operation));
        Assert.Empty(tried.Group.TakeWrites());
        Assert.Equal(image, StateImage.Of(tried.Group));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_is_sent_after_a_ReInit(string operation)
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        Tried tried = Prepare(world, new Proposal.ReInit("next"u8.ToArray(), Messages.ProtocolVersion.Mls10, World.DefaultSuite, []));
        Assert.True(tried.Group.IsReinitialized);
        string image = StateImage.Of(tried.Group);

        // The group that follows must have the same members, and here there are none.
        world.Judge.AcceptsSuccessors = false;
        AssertNothing(operation, tried, isGiven: Harmless.Contains(operation) || GivenAfterReInit.Contains(operation));
        if (GivenOnce.Contains(operation))
            return;
        Assert.Empty(tried.Group.TakeWrites());
        Assert.Equal(image, StateImage.Of(tried.Group));
    }

    /// <summary>A third member's group after a Commit that ends it, with a message and a Commit that others made before.</summary>
    private static Tried Prepare(World world, Proposal end)
    {
        Client member = world[2];
        byte[] message = world[0].Send("late");
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? late, out _));
        Assert.True(MlsMessage.TryDecode(world[0].Commit().Message.Span, out MlsMessage? other, out _));
        world[0].Clear();
        StagedCommit staged = Assert.IsType<Received.Commit>(member.Group.Process(other, World.Now)).Staged;
        LeafIdentity identity = member.Identity;
        world.Deliver(world[0], world[0].Commit(new CommitOptions { Proposals = [end], IncludesReceivedProposals = false }).Message.ToArray(), null, true);
        return new Tried(world, member.Group, identity, late, staged);
    }

    private static void AssertNothing(string operation, Tried tried, bool isGiven)
    {
        object? given = null;
        Exception? refused = Record.Exception(() => given = Operations[operation](tried));
        if (isGiven)
            Assert.Null(refused);
        else
            Assert.True(refused is InvalidOperationException or MlsException || (refused is null && given is null), $"{operation}: {refused?.GetType().Name ?? "given"}");
        (given as IDisposable)?.Dispose();
    }

    private static object? Do(Action action)
    {
        action();
        return null;
    }

    private sealed record Tried(World World, Group Group, LeafIdentity Identity, MlsMessage Message, StagedCommit Staged);
}
