using System.Net.WebSockets;
using Parley.Contracts.Wire;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Hosting;

/// <summary>The real program, killed without warning.</summary>
public sealed class DurabilityTests
{
    [Fact]
    public async Task What_was_acknowledged_survives_a_kill_under_load_and_a_retry_doubles_nothing()
    {
        using var folder = new TemporaryFolder();
        string address = ServerProcess.FreeAddress();
        string[] arguments = ["run", "--listen", address, "--data", folder.Path, "--name", TestServer.Name, "--print-invite"];
        await using var first = ServerProcess.Start(arguments);
        await using RemoteServer server = new(new Uri(address));
        TestClient alice = await server.JoinAsync("alice", InviteIn(await first.LineAsync("./parley join")));
        byte[] group = await alice.CreateGroupAsync();

        // The pipeline is full when the server dies: some appends are answered, some durable and unanswered, some neither.
        var sent = new List<Append>();
        var answered = new Dictionary<ulong, ulong>();
        await using (TestSocket socket = await alice.ConnectAsync())
        {
            for (int i = 0; i < 200; i++)
            {
                sent.Add(TestMessages.Application(group));
                await socket.SendAsync(new ClientFrame { Append = sent[^1] });
            }

            for (ulong request = 2; request < 52; request++)
                answered.Add(request, (await socket.ReplyAsync(request)).Appended.Sequence);
            await first.KillAsync();
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ReplyAsync(ulong.MaxValue));
        }

        await using var second = ServerProcess.Start(arguments);
        await second.LineAsync("./parley join");
        await using TestSocket again = await alice.ConnectAsync();
        ulong head = (await again.SubscribeAsync(TestMessages.Log(group))).Subscribed.Head;
        Assert.True(head >= (ulong)answered.Count);
        foreach (Append append in sent)
            await again.AppendAsync(append);

        List<Envelope> log = await again.EnvelopesAsync(TestMessages.Log(group), sent.Count);
        Assert.Equal(Enumerable.Range(1, sent.Count), log.Select(envelope => (int)envelope.Sequence));
        Assert.Equal(sent.Select(append => append.MessageId), log.Select(envelope => envelope.MessageId));
        Assert.All(answered, answer => Assert.Equal(sent[(int)answer.Key - 2].MessageId, log[(int)answer.Value - 1].MessageId));
    }

    [Fact]
    public async Task It_logs_neither_invite_codes_nor_tokens_nor_who_talks_to_whom()
    {
        using var folder = new TemporaryFolder();
        string address = ServerProcess.FreeAddress();
        await using var process = ServerProcess.Start("run", "--listen", address, "--data", folder.Path, "--name", TestServer.Name, "--print-invite");
        string invite = InviteIn(await process.LineAsync("./parley join"));
        TestClient alice;
        byte[] group;
        await using (RemoteServer server = new(new Uri(address)))
        {
            alice = await server.JoinAsync("alice", invite);
            group = await alice.CreateGroupAsync();
            await server.Http.GetAsync($"/i/{invite}");
            await server.RegisterAsync(new TestDevice("bob"), "no invite at all");
            await using TestSocket socket = await alice.ConnectAsync();
            await socket.AppendAsync(TestMessages.Application(group));
            await socket.SendRawAsync([0xff]);
            await socket.ClosedAsync();
        }

        process.Stop();
        (int exitCode, string output, string errors) = await process.EndAsync();
        Assert.Equal(0, exitCode);
        string logged = output + errors;
        foreach (string secret in new[] { invite, alice.Token, alice.Id.ToString(), Convert.ToHexStringLower(group), "alice", "bob" })
            Assert.DoesNotContain(secret, logged, StringComparison.OrdinalIgnoreCase);
    }

    private static string InviteIn(string command) => command.Trim()[(command.Trim().LastIndexOf('/') + 1)..];
}
