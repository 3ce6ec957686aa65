using Parley.Mls.Components;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Components;

/// <summary>draft-ietf-mls-extensions-09 §6.1: lost application messages are noticed.</summary>
public sealed class AppAckTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_member_sees_what_it_or_another_has_not_received(bool restarts)
    {
        using World world = NewWorld(restarts: restarts).WithMembers(4);
        byte[][] messages = [.. Enumerable.Range(0, 6).Select(i => world[0].Send($"{i}"))];
        foreach (int i in (int[])[4, 0, 1])
            world[1].Read(messages[i]);
        foreach (int i in (int[])[0, 2, 5])
            world[2].Read(messages[i]);
        world[1].Read(world[3].Send("another's"));
        byte[] proposal = world[1].Propose(static group => group.ProposeAppAck());
        world.Propose(proposal);
        PendingCommit pending = world[3].Commit(new CommitOptions { ForcesPath = false });
        Assert.True(MlsMessage.TryDecode(pending.Message.Span, out MlsMessage? commit, out _));
        using StagedCommit staged = Assert.IsType<Received.Commit>(world[0].Group.Process(commit, World.Now)).Staged;
        QueuedProposal queued = Assert.Single(staged.Proposals);
        Assert.Equal(new Sender.Member(world[1].Index), queued.Sender);
        AppAck ack = AckOf(queued.Proposal);
        Assert.Equal([Range(0, 0, 1), Range(0, 4, 4), Range(3, 0, 0)], ack.ReceivedRanges);

        AssertReport(world[0], ack, missingHere: [Range(3, 0, 0)], missingThere: [Range(0, 2, 3), Range(0, 5, 5)]);
        AssertReport(world[1], ack, missingHere: [], missingThere: []);
        AssertReport(world[2], ack, missingHere: [Range(0, 1, 1), Range(0, 4, 4), Range(3, 0, 0)], missingThere: []);
        AssertReport(world[3], ack, missingHere: [Range(0, 0, 1), Range(0, 4, 4)], missingThere: []);
        foreach (Client member in (Client[])[world[0], world[1], world[2]])
            member.Receive(pending.Message.ToArray());
        Assert.Empty(world[1].Group.CreateAppAck().ReceivedRanges);
    }

    [Fact]
    public void What_came_before_keys_were_given_up_is_not_acknowledged()
    {
        foreach (bool restarts in (bool[])[false, true])
        {
            using World world = NewWorld(restarts, skippedKeysMax: 2).WithMembers(2);
            byte[][] messages = [.. Enumerable.Range(0, 12).Select(i => world[0].Send($"{i}"))];
            world[1].Read(messages[0]);
            world[1].Read(messages[5]);
            Assert.Equal([Range(0, 5, 5)], world[1].Group.CreateAppAck().ReceivedRanges);
            world[1].Read(messages[3]);
            Assert.Equal([Range(0, 3, 3), Range(0, 5, 5)], world[1].Group.CreateAppAck().ReceivedRanges);

            // One more key is kept beside that of 4, and then 4 is given up for the next.
            world[1].Read(messages[7]);
            world[1].Read(messages[9]);
            Assert.Equal([Range(0, 5, 5), Range(0, 7, 7), Range(0, 9, 9)], world[1].Group.CreateAppAck().ReceivedRanges);
        }
    }

    [Fact]
    public void Ranges_are_compared_message_by_message()
    {
        using World world = NewWorld().WithMembers(2);
        byte[][] messages = [.. Enumerable.Range(0, 7).Select(i => world[0].Send($"{i}"))];
        foreach (int i in (int[])[1, 2, 4])
            world[1].Read(messages[i]);
        for (int set = 0; set < 1 << 7; set++)
        {
            uint[] acknowledged = [.. Enumerable.Range(0, 7).Where(i => (set >> i & 1) != 0).Select(static i => (uint)i)];
            var ack = new AppAck([.. acknowledged.Select(static generation => Range(0, generation, generation))]);
            Assert.Equal(acknowledged.Except([1u, 2u, 4u]), Generations(world[1].Group.Compare(ack).MissingHere));
            Assert.Equal(Enumerable.Range(0, 7).Select(static i => (uint)i).Except(acknowledged), Generations(world[0].Group.Compare(ack).MissingThere));
        }

        var all = new AppAck([Range(0, 0, uint.MaxValue)]);
        Assert.Equal([Range(0, 0, 0), Range(0, 3, 3), Range(0, 5, uint.MaxValue)], world[1].Group.Compare(all).MissingHere);
        Assert.Empty(world[0].Group.Compare(all).MissingThere);
    }

    [Fact]
    public void An_AppAck_decodes_and_is_of_a_member()
    {
        using World world = NewWorld().WithMembers(3);
        var malformed = new Proposal.AppEphemeral(ComponentId.AppAck, new AppAck([Range(1, 0, 0), Range(0, 0, 0)]).Encode());
        world[0].CannotCommit(MlsError.AppDataRefused, new CommitOptions { Proposals = [malformed] });
        Commit honest = Forge.HonestCommit(world[0]);
        world[1].Refuses(MlsError.AppDataRefused, Forge.Commit(world[0], honest with { Proposals = [new ProposalOrRef.ByValue(malformed)] }));
        var ack = new Proposal.AppEphemeral(ComponentId.AppAck, new AppAck([]).Encode());
        ProposalOrRef outside = new ProposalOrRef.ByValue(ack);
        world[1].Refuses(MlsError.AppDataRefused, Forge.ExternalCommit(
            world.NewClient(), world[0].Group.CreateGroupInfo(true), commit => commit with { Proposals = commit.Proposals.Add(outside) }));
        world.Commit(world[0], ack);
        world.AssertTalk();
    }

    private static World NewWorld(bool restarts = false, int skippedKeysMax = 100) => new(World.DefaultSuite)
    {
        HandshakeFormat = WireFormat.PublicMessage,
        Capabilities = World.DefaultCapabilities with { Proposals = [ProposalType.AppEphemeral] },
        Restarts = restarts,
        SkippedKeysMax = skippedKeysMax,
        Components = { [ComponentId.AppAck] = new AppAckComponent() },
    };

    private static MessageRange Range(uint sender, uint first, uint last) => new(new LeafIndex(sender), first, last);

    private static IEnumerable<uint> Generations(IEnumerable<MessageRange> ranges) =>
        ranges.SelectMany(static range => Enumerable.Range((int)range.FirstGeneration, (int)(range.LastGeneration - range.FirstGeneration + 1)).Select(static i => (uint)i));

    private static AppAck AckOf(Proposal proposal)
    {
        Assert.True(Tls.TryDecode(Assert.IsType<Proposal.AppEphemeral>(proposal).Data.Span, out AppAck? ack, out _));
        return ack;
    }

    private static void AssertReport(Client member, AppAck ack, MessageRange[] missingHere, MessageRange[] missingThere)
    {
        AppAckReport report = member.Group.Compare(ack);
        Assert.Equal(missingHere, report.MissingHere);
        Assert.Equal(missingThere, report.MissingThere);
    }
}
