using Parley.Contracts;
using Parley.Server.Limiting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>One client sends a gigabyte.</summary>
[Collection(FaultsCollection.Name)]
public sealed class FloodTests
{
    private const int PieceBytes = 1024 * 1024;

    [Theory]
    [InlineData("one message")]
    [InlineData("one frame")]
    [InlineData("one body")]
    public async Task A_client_that_sends_a_gigabyte_is_cut_off_and_nobody_else_notices(string what)
    {
        long pieces = Nightly.Measure(brief: 128, full: 1024);
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"));
        TestClient[] clients = [await server.JoinAsync("alice"), await server.JoinAsync("bob")];
        TestClient eve = await server.JoinAsync("eve");
        var level = MemoryLevel.OfThisProcess();
        await TestLoad.VerifyAsync(server, clients, async load =>
        {
            await using RawPeer peer = what == "one body" ? await RawPeer.ConnectAsync(server.Address) : await RawPeer.SignInAsync(server, eve.Device);
            if (what == "one body")
                await peer.RequestAsync("POST", Routes.Accounts, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
            byte[] piece = new byte[PieceBytes];
            byte[] chunk = [.. System.Text.Encoding.ASCII.GetBytes($"{PieceBytes:x}\r\n"), .. piece, .. "\r\n"u8];
            try
            {
                for (long i = 0; i < pieces; i++)
                {
                    if (what == "one body")
                        await peer.SendBytesAsync(chunk);
                    else if (what == "one message" || i == 0)
                        await peer.SendFrameAsync(i == 0 ? RawPeer.Binary : RawPeer.Continuation, piece, what == "one frame" ? int.MaxValue : null);
                    else
                        await peer.SendBytesAsync(piece);
                }
            }
            catch (IOException)
            {
                // It was cut off, as it should be.
            }

            await peer.EndedAsync();
            await load.ProgressAsync(100);
        });
        Assert.True(server.Get<MemoryBudget>().TryTakeFrame(TestServer.Unlimited.FrameMegabytes * 1024 * 1024), "What a large frame had taken was not given back.");
        server.Get<MemoryBudget>().ReturnFrame(TestServer.Unlimited.FrameMegabytes * 1024 * 1024);
        await level.ReturnsAsync();
    }
}
