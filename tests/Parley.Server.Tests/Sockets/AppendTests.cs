using System.Net;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Mls.Messages.Framing;
using Parley.Server.Log;
using Parley.Server.Sequencing;

namespace Parley.Server.Tests.Sockets;

/// <summary>The rules of appending, seen from a client.</summary>
public sealed class AppendTests
{
    [Fact]
    public async Task A_retry_returns_the_first_outcome_and_is_delivered_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append first = TestMessages.Application(group);
        Reply original = await socket.RequestAsync(new ClientFrame { Append = first });
        Append second = TestMessages.Application(group);
        ulong retry = await socket.SendAsync(new ClientFrame { Append = first });
        Assert.Equal(2ul, await socket.AppendAsync(second));
        Reply repeated = await socket.ReplyAsync(retry);
        Assert.Equal(original.Appended, repeated.Appended);

        await socket.SubscribeAsync(TestMessages.Log(group));
        List<Envelope> log = await socket.EnvelopesAsync(TestMessages.Log(group), 2);
        Assert.Equal([first.MessageId, second.MessageId], log.Select(envelope => envelope.MessageId));
    }

    [Fact]
    public async Task A_log_whose_grain_has_gone_is_appended_to_without_a_gap()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Assert.True(LogName.TryParseGroup(group, out LogName? log));
        Sequencers sequencers = server.Get<Sequencers>();
        Append first = TestMessages.Application(group);
        await socket.AppendAsync(first);
        Sequencer sequencer = sequencers.Find(log.Key)!; // Just used.

        await server.Get<IGrainFactory>().GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);

        Assert.True(sequencer.IsClosed);
        Assert.Null(sequencers.Find(log.Key));
        Assert.Equal(2ul, await socket.AppendAsync(TestMessages.Application(group)));
        Assert.Equal(1ul, await socket.AppendAsync(first));
        Assert.NotSame(sequencer, sequencers.Find(log.Key));
    }

    [Fact]
    public async Task A_message_id_cannot_be_used_for_other_bytes()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append first = TestMessages.Application(group);
        await socket.AppendAsync(first);
        Append other = TestMessages.Application(group);
        other.MessageId = first.MessageId;
        Assert.Equal(ErrorCode.MessageIdReused, await socket.TryAppendAsync(other));
    }

    [Fact]
    public async Task Of_many_commits_for_one_epoch_the_first_wins_and_its_retry_still_succeeds()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append[] commits = [.. Enumerable.Range(0, 20).Select(_ => TestMessages.Commit(group, epoch: 0))];
        var requests = new List<ulong>();
        foreach (Append commit in commits)
            requests.Add(await socket.SendAsync(new ClientFrame { Append = commit }));
        var outcomes = new List<ErrorCode>();
        foreach (ulong request in requests)
            outcomes.Add((await socket.ReplyAsync(request)).Error);

        Assert.Equal(ErrorCode.None, outcomes[0]);
        Assert.All(outcomes.Skip(1), outcome => Assert.Equal(ErrorCode.EpochTaken, outcome));
        Assert.Equal(1ul, await socket.AppendAsync(commits[0]));
        Assert.Equal(2ul, await socket.AppendAsync(TestMessages.Commit(group, epoch: 1)));
    }

    [Fact]
    public async Task Epochs_outside_the_window_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        ulong current = Limits.PastEpochsMax + 1;
        for (ulong epoch = 0; epoch < current; epoch++)
            await socket.AppendAsync(TestMessages.Commit(group, epoch));

        Assert.Equal(ErrorCode.EpochTooOld, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 0)));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 1)));
        Assert.Equal(ErrorCode.EpochUnknown, await socket.TryAppendAsync(TestMessages.Application(group, epoch: current + 1)));
        Assert.Equal(ErrorCode.EpochUnknown, await socket.TryAppendAsync(TestMessages.Commit(group, epoch: ulong.MaxValue)));
        Assert.Equal(ErrorCode.EpochTooOld, await socket.TryAppendAsync(TestMessages.Proposal(group, epoch: current - 1)));
        Assert.Equal(ErrorCode.EpochTaken, await socket.TryAppendAsync(TestMessages.Commit(group, epoch: current - 1)));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Proposal(group, epoch: current)));
    }

    [Fact]
    public async Task A_Commit_that_names_the_last_one_takes_its_place_and_the_log_goes_on_from_there()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        ulong first = await socket.AppendAsync(TestMessages.Commit(group, epoch: 0));
        ulong second = await socket.AppendAsync(TestMessages.Commit(group, epoch: 1));
        Assert.Equal(ErrorCode.EpochTaken, await socket.TryAppendAsync(TestMessages.Superseding(group, epoch: 0, first)));
        Assert.Equal(ErrorCode.EpochUnknown, await socket.TryAppendAsync(TestMessages.Superseding(group, epoch: ulong.MaxValue, second)));
        ulong third = await socket.AppendAsync(TestMessages.Superseding(group, epoch: 0, second));
        Assert.Equal(ErrorCode.EpochTaken, await socket.TryAppendAsync(TestMessages.Superseding(group, epoch: 0, second)));
        Assert.Equal(1ul, (await socket.SubscribeAsync(TestMessages.Log(group), after: third)).Subscribed.Epoch);

        // Who has followed the second Commit writes in its epoch, until the members have settled which one counts.
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 2)));
        Assert.Equal(ErrorCode.EpochTaken, await socket.TryAppendAsync(TestMessages.Commit(group, epoch: 2)));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Commit(group, epoch: 1)));
    }

    [Fact]
    public async Task What_stands_behind_an_Add_can_be_opened_by_whom_it_added()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append early = TestMessages.Application(group, epoch: 0);
        ulong first = await socket.AppendAsync(early);
        await socket.AppendAsync(TestMessages.Commit(group, epoch: 0));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 0)));

        await socket.AppendAsync(TestMessages.Commit(group, epoch: 1, added: [bob]));
        Assert.Equal(ErrorCode.EpochTooOld, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 1)));
        Assert.Equal(first, await socket.AppendAsync(early));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 2)));
        await socket.AppendAsync(TestMessages.Commit(group, epoch: 2));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 2)));
    }

    [Fact]
    public async Task A_device_cannot_append_to_a_log_it_is_not_in()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient eve = await server.JoinAsync("eve");
        await using TestSocket socket = await eve.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Assert.Equal(ErrorCode.NotAMember, await socket.TryAppendAsync(TestMessages.Application(group)));
        Assert.Equal(ErrorCode.NotAMember, await socket.TryAppendAsync(TestMessages.Commit(group, added: [eve])));
        Assert.Equal(ErrorCode.NotAMember, await socket.TryAppendAsync(TestMessages.Application(new byte[32])));
        Assert.Equal(ErrorCode.NotAMember, (await socket.SubscribeAsync(TestMessages.Log(group))).Error);
        Assert.Equal(ErrorCode.NotAMember, (await socket.SubscribeAsync(alice.Inbox)).Error);
    }

    [Fact]
    public async Task Messages_that_have_no_place_in_a_log_are_refused_and_change_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append welcome = TestMessages.Commit(group, added: [bob]);
        var cases = new (ErrorCode Expected, Action<Append> Spoil)[]
        {
            (ErrorCode.MessageMisplaced, append => append.Message = ByteString.Empty),
            (ErrorCode.MessageMisplaced, append => append.Message = ByteString.CopyFrom([.. append.Message, 0])),
            (ErrorCode.MessageMisplaced, append => append.Message = append.Message.Memory[..^1].ToArray() is var cut ? ByteString.CopyFrom(cut) : ByteString.Empty),
            (ErrorCode.MessageMisplaced, append => append.Message = welcome.Welcome),
            (ErrorCode.MessageMisplaced, append => append.Message = TestMessages.Application(new byte[5]).Message),
            (ErrorCode.Malformed, append => append.MessageId = ByteString.CopyFrom(new byte[15])),
            (ErrorCode.Malformed, append => append.Welcome = welcome.Welcome),
            (ErrorCode.Malformed, append => append.AddedDevices.Add(welcome.AddedDevices)),
            (ErrorCode.Malformed, append => append.RemovedDevices.Add(welcome.AddedDevices)),
            (ErrorCode.TooLarge, append => append.Message = TestMessages.Application(group, bytes: Limits.MessageBytesMax).Message),
            (ErrorCode.TooLarge, append => append.Message = ByteString.CopyFrom(new byte[Limits.CommitBytesMax + 1])),
        };
        foreach ((ErrorCode expected, Action<Append> spoil) in cases)
        {
            Append append = TestMessages.Application(group);
            spoil(append);
            Assert.Equal(expected, await socket.TryAppendAsync(append));
        }

        Assert.Equal(0ul, (await socket.SubscribeAsync(TestMessages.Log(group))).Subscribed.Head);
    }

    /// <summary>In the hybrid suite a Commit for a thousand members is far larger than any other message.</summary>
    [Fact]
    public async Task A_commit_may_be_larger_than_other_messages()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append commit = TestMessages.Commit(group);
        commit.Message = ByteString.CopyFrom(TestMessages.Message(group, 0, ContentType.Commit, Limits.MessageBytesMax));
        Assert.Equal(ErrorCode.None, await socket.TryAppendAsync(commit));
    }

    [Fact]
    public async Task A_commit_names_devices_that_exist_once_and_brings_their_welcome()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();

        Append unknown = TestMessages.Commit(group, added: [bob]);
        unknown.AddedDevices[0] = ByteString.CopyFrom(new TestDevice("nobody").Id.ToArray());
        Assert.Equal(ErrorCode.DeviceUnknown, await socket.TryAppendAsync(unknown));
        Append twice = TestMessages.Commit(group, added: [bob, bob]);
        Assert.Equal(ErrorCode.Malformed, await socket.TryAppendAsync(twice));
        Append withoutWelcome = TestMessages.Commit(group, added: [bob]);
        withoutWelcome.Welcome = ByteString.Empty;
        Assert.Equal(ErrorCode.Malformed, await socket.TryAppendAsync(withoutWelcome));
        Append falseWelcome = TestMessages.Commit(group, added: [bob]);
        falseWelcome.Welcome = falseWelcome.Message;
        Assert.Equal(ErrorCode.Malformed, await socket.TryAppendAsync(falseWelcome));
        Append tooMany = TestMessages.Commit(group);
        tooMany.RemovedDevices.AddRange(Enumerable.Repeat(ByteString.CopyFrom(new byte[16]), Limits.DevicesPerCommitMax + 1));
        Assert.Equal(ErrorCode.TooLarge, await socket.TryAppendAsync(tooMany));
        Assert.Equal(1ul, await socket.AppendAsync(TestMessages.Commit(group, added: [bob])));
    }

    [Fact]
    public async Task A_group_belongs_to_whoever_made_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient eve = await server.JoinAsync("eve");
        byte[] group = await alice.CreateGroupAsync();
        string route = Routes.GroupById.Replace("{group}", Convert.ToHexStringLower(group));
        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Put, route)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await eve.SendAsync(HttpMethod.Put, route)).StatusCode);
        foreach (string malformed in new[] { "zz", "00", new string('0', 31), new string('0', 66), new string('g', 32) })
            Assert.Equal(HttpStatusCode.BadRequest, (await alice.SendAsync(HttpMethod.Put, Routes.GroupById.Replace("{group}", malformed))).StatusCode);
    }
}
