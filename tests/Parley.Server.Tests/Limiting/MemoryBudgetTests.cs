using Microsoft.Extensions.Time.Testing;
using Parley.Contracts.Wire;
using Parley.Server.Limiting;

namespace Parley.Server.Tests.Limiting;

/// <summary>Readers that stop reading all at once hold a bounded memory, for a bounded time, and nobody else up.</summary>
public sealed class MemoryBudgetTests
{
    private const int Readers = 12;
    private const int Messages = 60;
    private const int MessageBytes = 100_000;

    [Fact]
    public async Task Those_who_do_not_read_are_disconnected_when_there_is_too_much_and_others_read_on()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock, TestServer.Unlimited with { QueueMegabytes = 1, PingSeconds = 600 });
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();
        await using TestSocket reader = await alice.ConnectAsync();
        await reader.SubscribeAsync(TestMessages.Log(group));
        var silent = new List<RawPeer>();
        for (int i = 0; i < Readers; i++)
        {
            silent.Add(await RawPeer.SignInAsync(server, alice.Token));
            await silent[i].SendAsync(new ClientFrame { RequestId = 2, Subscribe = new Subscribe { Log = TestMessages.Log(group) } });
            Assert.Equal(ErrorCode.None, (await silent[i].ServerFrameAsync())?.Reply?.Error);
        }

        // The system's buffers between here and there take the first; then the server's own fill up.
        Task<List<Envelope>> reading = reader.EnvelopesAsync(TestMessages.Log(group), Messages);
        for (int i = 0; i < Messages; i++)
            await socket.AppendAsync(TestMessages.Application(group, bytes: MessageBytes));
        var budget = server.Get<MemoryBudget>();
        await Eventually.TrueAsync(() => budget.IsFull, () => $"They are not silent enough: {budget.QueuedBytes} bytes wait.");
        Assert.True(budget.QueuedBytes < 8 * 1024 * 1024, $"{budget.QueuedBytes} bytes wait.");

        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return !budget.IsFull && reading.IsCompleted;
        });
        Assert.Equal(Messages, (await reading).Count);
        await socket.AppendAsync(TestMessages.Application(group, bytes: MessageBytes));
        await reader.EnvelopesAsync(TestMessages.Log(group), 1);
        foreach (RawPeer peer in silent)
            await peer.DisposeAsync();
        await Eventually.TrueAsync(() => budget.QueuedBytes == 0, () => $"{budget.QueuedBytes} bytes wait.");
    }
}
