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
    public async Task Of_many_who_wait_for_room_only_those_get_it_who_leave_none()
    {
        const int PieceBytes = 128 * 1024;
        var clock = new FakeTimeProvider();
        using var budget = new MemoryBudget(new ServerLimits { QueueMegabytes = 1 }, clock);
        Task[] waiting = [.. Enumerable.Range(0, 100).Select(_ => budget.TakeRoomAsync(PieceBytes, TestContext.Current.CancellationToken).AsTask())];
        Assert.Equal(9, waiting.Count(task => task.IsCompleted));
        Assert.True(budget.IsFull);

        budget.ReturnRoom(PieceBytes);
        await Eventually.TrueAsync(() => waiting.Count(task => task.IsCompleted) == 10);
        Assert.True(waiting[9].IsCompleted, "It was not the turn of the one that got it.");
        Assert.Equal(9 * PieceBytes, budget.QueuedBytes);
    }

    [Fact]
    public async Task Few_have_room_at_once_however_much_there_is()
    {
        const int PieceBytes = 128 * 1024;
        using var budget = new MemoryBudget(new ServerLimits(), new FakeTimeProvider());
        Task[] waiting = [.. Enumerable.Range(0, 100).Select(_ => budget.TakeRoomAsync(PieceBytes, TestContext.Current.CancellationToken).AsTask())];
        Assert.Equal(16, waiting.Count(task => task.IsCompleted));
        for (int i = 17; i <= waiting.Length; i++)
        {
            budget.ReturnRoom(PieceBytes);
            await waiting[i - 1];
            Assert.Equal(i, waiting.Count(task => task.IsCompleted));
        }

        Assert.Equal(16 * PieceBytes, budget.QueuedBytes);
    }

    [Fact]
    public async Task Who_waits_no_more_takes_no_room_and_what_peers_have_read_is_room()
    {
        const int PieceBytes = 1024 * 1024;
        var clock = new FakeTimeProvider();
        using var budget = new MemoryBudget(new ServerLimits { QueueMegabytes = 1 }, clock);
        budget.Queued(2 * PieceBytes);
        using var impatience = new CancellationTokenSource();
        Task impatient = budget.TakeRoomAsync(PieceBytes, impatience.Token).AsTask();
        Task patient = budget.TakeRoomAsync(PieceBytes, TestContext.Current.CancellationToken).AsTask();
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Assert.False(patient.IsCompleted);

        await budget.StartAsync(TestContext.Current.CancellationToken);
        budget.Queued(-2 * PieceBytes);
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            return patient.IsCompleted;
        });
        Assert.Equal(PieceBytes, budget.QueuedBytes);
        await budget.StopAsync(TestContext.Current.CancellationToken);
    }

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
            silent.Add(await RawPeer.SignInAsync(server, alice.Device));
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

        // Slowly, so that the reader is not among those who have read nothing for a while because this machine is busy.
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
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
