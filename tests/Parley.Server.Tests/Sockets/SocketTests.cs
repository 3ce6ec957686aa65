using Parley.Contracts.Wire;

namespace Parley.Server.Tests.Sockets;

public sealed class SocketTests
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
}
