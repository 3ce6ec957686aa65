using System.Net;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Server.Storage;

namespace Parley.Server.Tests.Storage;

/// <summary>A full disk, played by SQLite's own limit on the size of the file.</summary>
public sealed class DiskFullTests
{
    private const int MessageBytes = 20_000;

    [Fact]
    public async Task A_full_disk_refuses_writes_keeps_what_was_taken_and_recovers()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"), Limit(pages: 100));
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();

        // In a pipeline, so that some are numbered behind one that fails.
        var appends = new Dictionary<ulong, Append>();
        for (int i = 0; i < 60; i++)
        {
            Append append = TestMessages.Application(group, bytes: MessageBytes);
            appends.Add(await socket.SendAsync(new ClientFrame { Append = append }), append);
        }

        var taken = new List<Append>();
        Append? refused = null;
        foreach ((ulong request, Append append) in appends)
        {
            Reply reply = await socket.ReplyAsync(request);
            if (reply.Error == ErrorCode.None)
                taken.Add(append);
            else
                refused = append;
            Assert.True(reply.Error is ErrorCode.None or ErrorCode.StoreUnavailable);
            Assert.Equal(reply.Error == ErrorCode.StoreUnavailable, reply.RetryAfterMs > 0);
        }

        Assert.NotEmpty(taken);
        Assert.NotNull(refused);
        await Refusals.AssertAsync(HttpStatusCode.ServiceUnavailable, ErrorCode.StoreUnavailable, FillAsync(alice));

        await server.Get<IDatabase>().WriteAsync(session => session.Find("PRAGMA max_page_count = 100000", row => row.GetInt64(0)));
        Assert.Equal((ulong)taken.Count + 1, await socket.AppendAsync(refused));
        await socket.SubscribeAsync(TestMessages.Log(group));
        List<Envelope> log = await socket.EnvelopesAsync(TestMessages.Log(group), taken.Count + 1);
        Assert.Equal(taken.Append(refused).Select(append => append.MessageId).ToHashSet(), log.Select(envelope => envelope.MessageId).ToHashSet());
        Assert.Equal(Enumerable.Range(1, log.Count), log.Select(envelope => (int)envelope.Sequence));
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync(Routes.HealthReady)).StatusCode);
    }

    [Fact]
    public async Task A_write_that_fails_does_not_fail_its_neighbours()
    {
        using var folder = new TemporaryFolder();
        await using var database = SqliteDatabase.Open(folder.File("parley.db"), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

        // One write blocks the writer, so that the next three stand in one batch.
        using var gate = new ManualResetEventSlim();
        Task<bool> blocking = database.WriteAsync(_ => gate.Wait(TimeSpan.FromSeconds(20)));
        Task<int> before = database.WriteAsync(session => session.Execute("INSERT INTO settings (name, value) VALUES ('before', '')"));
        Task<int> failing = database.WriteAsync(session => session.Execute("INSERT INTO settings (name, value) VALUES ('before', '')"));
        Task<int> after = database.WriteAsync(session => session.Execute("INSERT INTO settings (name, value) VALUES ('after', '')"));
        gate.Set();
        await blocking;
        Assert.Equal(1, await before);
        await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(() => failing);
        Assert.Equal(1, await after);
        Assert.Equal(2, await database.ReadAsync(session => session.Find("SELECT count(*) FROM settings", row => row.GetInt32(0))));
    }

    /// <summary>Makes invites until one is refused: they need little room, so they fit into the last page for a while.</summary>
    private static async Task<HttpResponseMessage> FillAsync(TestClient client)
    {
        HttpResponseMessage response;
        do
            response = await client.SendAsync(HttpMethod.Post, Routes.Invites, new Contracts.Resources.NewInvite(1, 1));
        while (response.StatusCode == HttpStatusCode.OK);
        return response;
    }

    private static Action<StoreSession> Limit(int pages) => session => session.Find($"PRAGMA max_page_count = {pages}", row => row.GetInt64(0));
}
