using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>Bytes that mean nothing, or almost something, at every door of the server.</summary>
[Collection(FaultsCollection.Name)]
public sealed class FuzzTests
{
    private const int FramesPerPeer = 40;

    [Fact]
    public async Task Malformed_bytes_are_refused_break_nothing_and_hold_nobody_up()
    {
        var lasting = TimeSpan.FromSeconds(Nightly.Measure(brief: 3, full: 60));
        Random random = Nightly.Random();
        var logs = new CapturedLogs();
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"), configure: logs.AddTo);
        TestClient[] clients = [await server.JoinAsync("alice"), await server.JoinAsync("bob")];
        TestClient eve = await server.JoinAsync("eve");
        byte[] evesGroup = await eve.CreateGroupAsync();
        var level = MemoryLevel.OfThisProcess();
        int sent = 0;
        await TestLoad.VerifyAsync(server, clients, async load =>
        {
            long begunAt = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(begunAt) < lasting)
                sent += await (random.Next(4) == 0 ? SendRequestsAsync(server, random) : SendFramesAsync(server, eve, evesGroup, random));
            await load.ProgressAsync(100);
        });
        Assert.True(sent > 100, $"Only {sent} were sent.");
        Assert.Empty(logs.Errors);
        await level.ReturnsAsync();
        TestContext.Current.SendDiagnosticMessage("{0} malformed frames and requests in {1}.", sent, lasting);
    }

    /// <summary>Frames on one connection, signed in or not, until it is closed.</summary>
    private static async Task<int> SendFramesAsync(TestServer server, TestClient eve, byte[] group, Random random)
    {
        await using RawPeer peer = random.Next(5) == 0 ? await RawPeer.ConnectAsync(server.Address) : await RawPeer.SignInAsync(server, eve.Device);
        int sent = 0;
        try
        {
            for (; sent < FramesPerPeer; sent++)
            {
                byte[] frame = Mutate(Frame(eve, group, random), random);
                int first = random.Next(8) == 0 ? random.Next(256) : RawPeer.Final | RawPeer.Binary;
                await peer.SendFrameAsync(first, frame.AsMemory(0, Math.Min(frame.Length, (first & 0x8) != 0 ? 125 : int.MaxValue)));
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // It was closed, which is an answer.
        }

        return sent;
    }

    private static async Task<int> SendRequestsAsync(TestServer server, Random random)
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        string[] routes = [Routes.Accounts, Routes.Devices, Routes.Invites, Routes.KeyPackages, Routes.Socket, Routes.GroupById, Routes.InviteByCode];
        string body = """{"invite":"aaaaaaaaaaaaaaaaaaaaaa","certificate":"AAEC"}""";
        string request = $"POST {routes[random.Next(routes.Length)]} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        try
        {
            await peer.SendBytesAsync(Mutate(Encoding.ASCII.GetBytes(request), random));
        }
        catch (IOException)
        {
            // It was closed, which is an answer.
        }

        return 1;
    }

    /// <summary>A frame as it should be, of any kind.</summary>
    private static byte[] Frame(TestClient eve, byte[] group, Random random)
    {
        LogRef log = TestMessages.Log(group);
        ClientFrame frame = random.Next(8) switch
        {
            0 => new ClientFrame { Hello = eve.Device.Hello(new byte[Limits.ChallengeBytes]) },
            1 => new ClientFrame { Subscribe = new Subscribe { Log = log, After = (ulong)random.Next(10) } },
            2 => new ClientFrame { Unsubscribe = new Unsubscribe { Log = log } },
            3 => new ClientFrame { Acknowledge = new Acknowledge { Log = eve.Inbox, Cursor = (ulong)random.NextInt64() } },
            4 => new ClientFrame { Append = TestMessages.Commit(group, added: [eve], removed: [eve]) },
            5 => new ClientFrame { Append = TestMessages.Proposal(group) },
            6 => new ClientFrame { Ping = new Ping() },
            _ => new ClientFrame { Append = TestMessages.Application(group, (ulong)random.Next(3)) },
        };
        frame.RequestId = (ulong)random.Next(1, 1000);
        return frame.ToByteArray();
    }

    /// <summary>Changes, cuts, doubles or lengthens it, or leaves it as it is.</summary>
    private static byte[] Mutate(byte[] bytes, Random random)
    {
        for (int i = random.Next(6); i > 0; i--)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes = [.. bytes.AsSpan(0, at), .. bytes.AsSpan(random.Next(at, bytes.Length))];
                    break;
                default:
                    bytes = [.. bytes.AsSpan(0, at), .. bytes.AsSpan(random.Next(at + 1))];
                    break;
            }

            if (bytes.Length == 0)
                return bytes;
        }

        return bytes;
    }
}
