using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// RFC 9420 §11.2, §11.3: groups that continue another, made by us, and wrong ones made by a dishonest member of the old group, who has
/// its resumption PSK and so can link any group to it.
/// </summary>
public sealed class ContinuationTests : IDisposable
{
    private const CipherSuite NextSuite = CipherSuite.X25519Aes128GcmSha256Ed25519;

    private readonly List<World> _worlds = [];
    private readonly World _old;

    public ContinuationTests() => _old = Own(new World(World.DefaultSuite).WithMembers(4).Filled());

    private static byte[] NextId => "next"u8.ToArray();

    private static Extension Demand { get; } =
        new(ExtensionType.RequiredCapabilities, new RequiredCapabilities([], [], [CredentialType.Basic]).Encode());

    private static Proposal.ReInit ReInit { get; } = new(NextId, ProtocolVersion.Mls10, NextSuite, [Demand]);

    public void Dispose() => _worlds.ForEach(static world => world.Dispose());

    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(false, true, 2)]
    [InlineData(true, false, 3)]
    public void A_group_is_reinitialized_with_all_its_members(bool forcesPath, bool welcomeHasTree, int maker)
    {
        World old = Own(new World(World.DefaultSuite) { Restarts = true }.WithMembers(4).Filled());
        old.Commit(old[1], ReInit);
        Assert.Throws<InvalidOperationException>(() => old[1].Group.Protect("late"u8));
        World next = Next(NextSuite, NextId, old.Members.Select(static member => member.Name));
        var options = new CommitOptions { Proposals = AddsOf(next, maker), ForcesPath = forcesPath, WelcomeHasRatchetTree = welcomeHasTree };
        ContinuedGroup made = old[maker].Group.Reinitialize(next[maker].Identity, options, World.Now);
        EnterAll(old, next, maker, made, welcomeHasTree);
        Assert.Equal(1ul, next[0].Group.Epoch);
        Assert.Equal(NextSuite, next[0].Group.Context.CipherSuite);
        Assert.Equal(Demand.Data.ToArray(), Assert.Single(next[0].Group.Context.Extensions).Data.ToArray());
        next.AssertUnharmed();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_group_is_branched_with_some_of_its_members(bool forcesPath, bool welcomeHasTree)
    {
        World next = Next(World.DefaultSuite, NextId, ["client 1", "client 3"]);
        var options = new CommitOptions { Proposals = AddsOf(next, 0), ForcesPath = forcesPath, WelcomeHasRatchetTree = welcomeHasTree };
        ContinuedGroup made = _old[1].Group.Branch(next[0].Identity, NextId, [Demand], options, World.Now);
        EnterAll(_old, next, 0, made, welcomeHasTree);
        next.AssertUnharmed();
        _old.AssertUnharmed(); // A branch takes nothing from its group.
    }

    [Fact]
    public void A_group_of_one_is_reinitialized()
    {
        World old = Own(new World(World.DefaultSuite).WithMembers(1));
        old.Commit(old[0], ReInit);
        World next = Next(NextSuite, NextId, ["client 0"]);
        ContinuedGroup made = old[0].Group.Reinitialize(next[0].Identity, new CommitOptions(), World.Now);
        Assert.Null(made.Welcome);
        next[0].Enter(made.Group);
        Assert.Equal(1ul, next[0].Group.Epoch);
    }

    [Fact]
    public void What_the_others_would_refuse_is_not_made()
    {
        World next = Next(World.DefaultSuite, NextId, ["client 0", "client 1", "stranger"]);
        next.Judge.AcceptsSuccessors = _old.Judge.AcceptsSuccessors = false;
        var stranger = new CommitOptions { Proposals = AddsOf(next, 0) };
        AssertNotMade(MlsError.BranchMemberUnknown, () => _old[0].Group.Branch(next[0].Identity, NextId, [], stranger, World.Now));
        Assert.Throws<InvalidOperationException>(() => _old[0].Group.Reinitialize(next[0].Identity, stranger, World.Now));

        _old.Judge.AcceptsSuccessors = true;
        _old.Commit(_old[0], ReInit);
        _old.Judge.AcceptsSuccessors = false;
        World complete = Next(NextSuite, NextId, _old.Members.Select(static member => member.Name));
        var missing = new CommitOptions { Proposals = AddsOf(complete, 0)[1..] };
        AssertNotMade(MlsError.ReInitMemberMissing, () => _old[0].Group.Reinitialize(complete[0].Identity, missing, World.Now));
        Assert.Throws<InvalidOperationException>(() => _old[0].Group.Branch(next[0].Identity, NextId, [], new CommitOptions(), World.Now));
        Assert.Empty(_old[0].Group.TakeWrites());
    }

    [Theory]
    [InlineData((ProtocolVersion)2, NextSuite, MlsError.ReInitMismatch)]
    [InlineData(ProtocolVersion.Mls10, (CipherSuite)0x0A0A, MlsError.UnsupportedCipherSuite)]
    public void A_ReInit_to_what_is_not_built_here_cannot_be_followed(ProtocolVersion version, CipherSuite suite, MlsError expected)
    {
        _old.Commit(_old[0], ReInit with { Version = version, CipherSuite = suite });
        World next = Next(NextSuite, NextId, ["client 0"]);
        AssertNotMade(expected, () => _old[0].Group.Reinitialize(next[0].Identity, new CommitOptions(), World.Now));
        AssertRefused(MlsError.ReInitMismatch, Link(ResumptionPskUsage.ReInit));
    }

    [Fact]
    public void A_ReInit_with_extensions_that_no_group_can_have_cannot_be_followed()
    {
        _old.Commit(_old[0], ReInit with { Extensions = [new Extension(ExtensionType.RatchetTree, default)] });
        World next = Next(NextSuite, NextId, ["client 0"]);
        AssertNotMade(MlsError.ExtensionMisplaced, () => _old[0].Group.Reinitialize(next[0].Identity, new CommitOptions(), World.Now));
    }

    [Fact]
    public void A_reinitialized_group_is_what_the_ReInit_asked_for()
    {
        _old.Commit(_old[0], ReInit);
        PreSharedKeyId.Resumption link = Link(ResumptionPskUsage.ReInit);
        AssertAccepted(link);
        AssertRefused(MlsError.ReInitMismatch, link, groupId: "other"u8.ToArray());
        AssertRefused(MlsError.ReInitMismatch, link, suite: World.DefaultSuite);
        AssertRefused(MlsError.ReInitMismatch, link, extensions: []);
        AssertRefused(MlsError.ResumptionEpochInvalid, link, epoch: 2);
        AssertRefused(MlsError.ReInitMismatch, Link(ResumptionPskUsage.ReInit, _old[0].Group.Epoch - 1));
    }

    [Fact]
    public void The_old_group_of_a_reinitialized_one_ended_in_a_ReInit() => AssertRefused(MlsError.ReInitMismatch, Link(ResumptionPskUsage.ReInit));

    [Fact]
    public void A_reinitialized_group_has_all_members_of_the_old_one()
    {
        _old.Commit(_old[0], ReInit);
        PreSharedKeyId.Resumption link = Link(ResumptionPskUsage.ReInit);
        AssertRefused(MlsError.ReInitMemberMissing, link, names: ["client 0", "client 1", "client 3"]);
        AssertRefused(MlsError.ReInitMemberMissing, link, names: ["client 0", "client 1", "stranger", "client 3"]);
        AssertAccepted(link, names: ["client 0", "client 1", "renamed", "client 3"], acceptsSuccessors: true);
    }

    [Fact]
    public void A_branch_is_of_its_groups_suite_in_epoch_1_and_of_its_members()
    {
        PreSharedKeyId.Resumption link = Link(ResumptionPskUsage.Branch);
        string[] names = ["client 0", "client 3"];
        AssertAccepted(link, World.DefaultSuite, names: names);
        AssertAccepted(link, World.DefaultSuite, names: ["client 0", "renamed", "client 3"], acceptsSuccessors: true);
        AssertRefused(MlsError.BranchMismatch, link, NextSuite, names: names);
        AssertRefused(MlsError.BranchMemberUnknown, link, World.DefaultSuite, names: ["client 0", "stranger", "client 3"]);
        AssertRefused(MlsError.ResumptionEpochInvalid, link, World.DefaultSuite, names: names, epoch: 2);
        _old.Commit(_old[0]);
        AssertAccepted(link, World.DefaultSuite, names: names); // The PSK of a past epoch is as good, while it is kept.
    }

    [Fact]
    public void The_group_that_is_continued_must_be_at_hand()
    {
        PreSharedKeyId.Resumption link = Link(ResumptionPskUsage.Branch);
        AssertRefused(MlsError.PskUnknown, link, World.DefaultSuite, findGroup: static _ => null);
        World other = Own(new World(World.DefaultSuite) { GroupId = NextId }.WithMembers(2));
        AssertRefused(MlsError.PskUnknown, link, World.DefaultSuite, findGroup: _ => other[0].Group);
        AssertRefused(MlsError.PskUnknown, link with { PskEpoch = 77 }, World.DefaultSuite);
    }

    [Fact]
    public void The_resumption_psk_of_an_epoch_is_given_while_it_is_kept()
    {
        ulong epoch = _old[0].Group.Epoch;
        using Secret? current = _old[0].Group.FindResumptionPsk(epoch);
        using Secret? others = _old[1].Group.FindResumptionPsk(epoch);
        _old.Commit(_old[2]);
        using Secret? past = _old[3].Group.FindResumptionPsk(epoch);
        Assert.True(current!.AsSpan().SequenceEqual(others!.AsSpan()));
        Assert.True(current.AsSpan().SequenceEqual(past!.AsSpan()));
        Assert.Null(_old[0].Group.FindResumptionPsk(epoch + 2));
        for (int i = 0; i < _old.Config.ResumptionPsksMax; i++)
            _old.Commit(_old[0]);
        Assert.Null(_old[0].Group.FindResumptionPsk(epoch));
    }

    private World Own(World world)
    {
        _worlds.Add(world);
        return world;
    }

    /// <summary>Clients of these names, in no group yet.</summary>
    private World Next(CipherSuite suite, byte[] groupId, IEnumerable<string> names)
    {
        World next = Own(new World(suite) { GroupId = groupId });
        next.Members.AddRange(names.Select(name => next.NewClient(name)));
        return next;
    }

    private static Proposal[] AddsOf(World next, int maker) => [.. next.Members.Where((_, i) => i != maker).Select(World.AddOf)];

    private static void EnterAll(World old, World next, int maker, ContinuedGroup made, bool welcomeHasTree)
    {
        Assert.True(MlsMessage.TryDecode(made.Welcome!.Value.Span, out MlsMessage? decoded, out _));
        Welcome welcome = Assert.IsType<MlsMessage.Welcome>(decoded).Message;
        RatchetTreeExtension? tree = welcomeHasTree ? null : made.Group.ExportRatchetTree();
        next[maker].Enter(made.Group);
        foreach (Client joiner in next.Members.Where(client => client != next[maker]))
        {
            Group former = old.Members.Single(member => member.Name == joiner.Name).Group;
            joiner.Join(welcome, tree, id => id.Span.SequenceEqual(old.GroupId) ? former : null);
        }

        next.AssertAgreement();
    }

    private PreSharedKeyId.Resumption Link(ResumptionPskUsage usage, ulong? epoch = null) =>
        new(usage, _old.GroupId, epoch ?? _old[0].Group.Epoch, new byte[32]);

    private void AssertAccepted(PreSharedKeyId.Resumption link, CipherSuite suite = NextSuite, string[]? names = null, bool acceptsSuccessors = false)
    {
        using WelcomeForge forge = Linked(link, suite, NextId, null, names, null);
        forge.Joiner.World.Judge.AcceptsSuccessors = acceptsSuccessors;
        forge.AssertAccepted(forge.Make(psks: [link]));
    }

    private void AssertRefused(
        MlsError expected,
        PreSharedKeyId.Resumption link,
        CipherSuite? suite = null,
        byte[]? groupId = null,
        Extension[]? extensions = null,
        string[]? names = null,
        ulong epoch = 1,
        Func<ReadOnlyMemory<byte>, Group?>? findGroup = null)
    {
        using WelcomeForge forge = Linked(link, suite ?? NextSuite, groupId ?? NextId, extensions, names, findGroup);
        forge.Joiner.World.Judge.AcceptsSuccessors = false;
        forge.AssertRefused(expected, forge.Make(psks: [link], changeContext: context => context with { Epoch = epoch }));
    }

    /// <summary>A new group of any parameters and members, to be linked to the old one. The last of the names joins it.</summary>
    private WelcomeForge Linked(
        PreSharedKeyId.Resumption link, CipherSuite suite, byte[] groupId, Extension[]? extensions, string[]? names, Func<ReadOnlyMemory<byte>, Group?>? findGroup)
    {
        World next = Next(suite, groupId, names ?? ["client 0", "client 1", "client 2", "client 3"]);
        next[0].Create(extensions ?? [Demand]);
        using Secret? key = _old[0].Group.FindResumptionPsk(link.PskEpoch);
        next.Psks.Add(link.Encode<PreSharedKeyId>(), key is null ? "unknown"u8 : key.AsSpan());
        var others = new CommitOptions { Proposals = [.. next.Members.Skip(1).SkipLast(1).Select(World.AddOf)] };
        return new WelcomeForge(next[0], next.Members[^1], others) { FindGroup = findGroup ?? (_ => _old[3].Group) };
    }

    private static void AssertNotMade(MlsError expected, Func<ContinuedGroup> make) => Assert.Equal(expected, Assert.Throws<MlsException>(make).Error);
}
