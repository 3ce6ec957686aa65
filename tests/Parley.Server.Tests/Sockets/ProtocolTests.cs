using System.Net.WebSockets;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests.Sockets;

/// <summary>What a peer sends need not make sense.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public async Task What_one_device_appends_another_receives()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        await using TestSocket fromAlice = await alice.ConnectAsync();
        await using TestSocket toBob = await bob.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();

        Assert.Equal(0u, (await toBob.SubscribeAsync(bob.Inbox)).Subscribed.Head);
        Append commit = TestMessages.Commit(group, added: [bob]);
        Assert.Equal(1u, await fromAlice.AppendAsync(commit));
        Envelope welcome = (await toBob.EnvelopesAsync(bob.Inbox, 1)).Single();
        Assert.Equal(1u, welcome.Sequence);
        Assert.Equal(1u, welcome.Welcome.CommitSequence);
        Assert.Equal(commit.Welcome, welcome.Welcome.Welcome);
        Assert.Equal(group, welcome.Welcome.Group.ToByteArray());

        Assert.Equal(1u, (await toBob.SubscribeAsync(TestMessages.Log(group), after: 1)).Subscribed.Head);
        Append message = TestMessages.Application(group, epoch: 1);
        Assert.Equal(2u, await fromAlice.AppendAsync(message));
        Envelope received = (await toBob.EnvelopesAsync(TestMessages.Log(group), 1)).Single();
        Assert.Equal(2u, received.Sequence);
        Assert.Equal(message.Message, received.Message);
        Assert.Equal(message.MessageId, received.MessageId);
    }

    [Fact]
    public async Task The_first_frame_must_be_hello()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        await socket.SendAsync(new ClientFrame { Ping = new Ping() });
        Assert.Equal(ErrorCode.Malformed, await socket.ClosedAsync());
    }

    [Fact]
    public async Task Bytes_that_are_no_frame_end_the_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using (TestSocket socket = await alice.ConnectAsync())
        {
            await socket.SendRawAsync([0xff, 0xff, 0xff]);
            Assert.Equal(ErrorCode.Malformed, await socket.ClosedAsync());
        }

        await using (TestSocket socket = await alice.ConnectAsync())
        {
            await socket.SendRawAsync("{}"u8.ToArray(), WebSocketMessageType.Text);
            Assert.Equal(ErrorCode.Malformed, await socket.ClosedAsync());
        }

        await using (TestSocket socket = await alice.ConnectAsync())
        {
            await socket.SendRawAsync(new ClientFrame { Ping = new Ping() }.ToByteArray());
            Assert.Equal(ErrorCode.Malformed, await socket.ClosedAsync());
        }
    }

    [Fact]
    public async Task A_frame_over_the_limit_ends_the_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        await socket.SendRawAsync(new byte[Limits.ClientFrameBytesMax + 1]);
        Assert.Equal(ErrorCode.TooLarge, await socket.ClosedAsync());
    }

    [Fact]
    public async Task Who_has_not_signed_in_gets_little_memory()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        await socket.SendRawAsync(new byte[5000]);
        Assert.Equal(ErrorCode.TooLarge, await socket.ClosedAsync());
    }

    [Fact]
    public async Task A_request_this_version_does_not_know_is_refused_and_the_connection_lives()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();

        // Field 100, a message: a request of some later version.
        byte[] unknown = [.. new ClientFrame { RequestId = 77 }.ToByteArray(), 0xa2, 0x06, 0x00];
        await socket.SendRawAsync(unknown);
        Assert.Equal(ErrorCode.Malformed, (await socket.ReplyAsync(77)).Error);
        Assert.Equal(ErrorCode.Malformed, (await socket.SubscribeAsync(new LogRef())).Error);
        Assert.Equal(ErrorCode.Malformed, (await socket.SubscribeAsync(new LogRef { Group = ByteString.CopyFrom(new byte[33]) })).Error);
        Assert.Equal(ErrorCode.None, (await socket.RequestAsync(new ClientFrame { Ping = new Ping() })).Error);
    }

    [Fact]
    public async Task One_frame_may_come_in_many_pieces()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        byte[] group = await alice.CreateGroupAsync();
        Append append = TestMessages.Application(group, bytes: 9000);
        byte[] frame = new ClientFrame { RequestId = 99, Append = append }.ToByteArray();
        for (int offset = 0; offset < frame.Length; offset += 700)
        {
            byte[] piece = frame[offset..Math.Min(offset + 700, frame.Length)];
            await socket.SendRawAsync(piece, endOfMessage: offset + 700 >= frame.Length);
        }

        Assert.Equal(1ul, (await socket.ReplyAsync(99)).Appended.Sequence);
        await socket.SubscribeAsync(TestMessages.Log(group));
        Assert.Equal(append.Message, (await socket.EnvelopesAsync(TestMessages.Log(group), 1)).Single().Message);
    }

    [Fact]
    public async Task Stopping_the_server_closes_its_connections()
    {
        TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        Task stopping = server.DisposeAsync().AsTask();
        Assert.Null(await socket.NextAsync());
        await stopping;
    }
}
