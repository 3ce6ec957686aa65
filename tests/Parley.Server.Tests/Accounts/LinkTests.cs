using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.Server.Accounts;
using Parley.Server.Storage;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Accounts;

public sealed class LinkTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Kinds => StoreKinds.All;

    [Fact]
    public async Task A_device_is_added_by_one_of_its_account_and_by_nobody_else()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        var second = new TestDevice("alice", besides: alice.Device);
        var added = new NewDevice(second.Certificate.Encoded.ToArray());
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.CertificateInvalid, bob.SendAsync(HttpMethod.Post, Routes.Devices, added));
        var invented = new NewDevice(new TestDevice("alice").Certificate.Encoded.ToArray());
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.CertificateInvalid, alice.SendAsync(HttpMethod.Post, Routes.Devices, invented));

        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Post, Routes.Devices, added)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Post, Routes.Devices, added)).StatusCode);
        Assert.NotEmpty(await server.SignInAsync(second));
        HttpResponseMessage found = await bob.SendAsync(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", "alice"));
        Assert.Equal(2, (await found.Content.ReadFromJsonAsync(ResourcesJson.Default.Account))!.Certificates.Count);
    }

    [Fact]
    public async Task A_linking_code_is_answered_once_and_expires()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        HttpResponseMessage made = await server.Http.PostAsJsonAsync(Routes.Links, new NewLink(new byte[32]), ResourcesJson.Default.NewLink);
        Link link = (await made.Content.ReadFromJsonAsync(ResourcesJson.Default.Link))!;
        string answer = Routes.LinkAnswer.Replace("{code}", link.Code);
        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Put, answer, new LinkMessage([1]))).StatusCode);
        await Refusals.AssertAsync(HttpStatusCode.Conflict, ErrorCode.LinkUsed, bob.SendAsync(HttpMethod.Put, answer, new LinkMessage([1])));
        await Refusals.AssertAsync(HttpStatusCode.Conflict, ErrorCode.LinkUsed, alice.SendAsync(HttpMethod.Put, answer, new LinkMessage([2])));
        await Refusals.AssertAsync(
            HttpStatusCode.RequestEntityTooLarge, ErrorCode.TooLarge, alice.SendAsync(HttpMethod.Put, answer, new LinkMessage(new byte[Limits.LinkMessageBytesMax + 1])));
        string byCode = Routes.LinkByCode.Replace("{code}", link.Code);
        Assert.Equal([1], (await server.Http.GetFromJsonAsync(byCode, ResourcesJson.Default.LinkState))!.Answer);
        clock.Advance(TimeSpan.FromMinutes(10));
        await Refusals.AssertAsync(HttpStatusCode.NotFound, ErrorCode.LinkUnknown, server.Http.GetAsync(byCode));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_messages_of_a_link_are_written_once_each_in_their_order_and_by_their_side(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        await stores.Links.AddAsync("CODE", [9], [0], Now, Now.AddMinutes(10));
        Assert.Equal(ErrorCode.LinkUsed, await stores.Links.RevealAsync("CODE", [9], [2], Now));
        Assert.Equal(ErrorCode.LinkUsed, await stores.Links.HandOverAsync("CODE", 1, [3], Now));
        Assert.Equal(ErrorCode.None, await stores.Links.AnswerAsync("CODE", 1, [1], Now));
        Assert.Equal(ErrorCode.None, await stores.Links.AnswerAsync("CODE", 1, [1], Now));
        Assert.Equal(ErrorCode.LinkUsed, await stores.Links.AnswerAsync("CODE", 2, [1], Now));
        Assert.Equal(ErrorCode.LinkUnknown, await stores.Links.RevealAsync("CODE", [8], [2], Now));
        Assert.Equal(ErrorCode.None, await stores.Links.RevealAsync("CODE", [9], [2], Now));
        Assert.Equal(ErrorCode.LinkUsed, await stores.Links.RevealAsync("CODE", [9], [3], Now));
        Assert.Equal(ErrorCode.LinkUsed, await stores.Links.HandOverAsync("CODE", 2, [3], Now));
        Assert.Equal(ErrorCode.None, await stores.Links.HandOverAsync("CODE", 1, [3], Now));
        LinkState state = (await stores.Links.FindAsync("CODE", Now))!;
        Assert.Equal([[0], [1], [2], [3]], new[] { state.Commitment, state.Answer!, state.Reveal!, state.Handover! });
        Assert.Null(await stores.Links.FindAsync("CODE", Now.AddMinutes(10)));
    }

    [Fact]
    public async Task A_device_that_was_taken_out_cannot_do_anything_any_more()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        TestClient lost = await alice.AddDeviceAsync(server);
        TestDevice second = lost.Device;
        var added = new NewDevice(second.Certificate.Encoded.ToArray());
        string route = Routes.DeviceById.Replace("{device}", second.Id.ToString());
        await Refusals.AssertAsync(HttpStatusCode.NotFound, ErrorCode.NotFound, bob.SendAsync(HttpMethod.Delete, route));
        await Refusals.AssertAsync(HttpStatusCode.Forbidden, ErrorCode.Forbidden, lost.SendAsync(HttpMethod.Delete, route));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, alice.SendAsync(HttpMethod.Delete, route + "00"));

        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Delete, route)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Delete, route)).StatusCode);
        await Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.Unauthenticated, lost.SendAsync(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", "bob")));
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        Assert.Equal(ErrorCode.ChallengeFailed, (await socket.SignInAsync(second)).Error);
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.CertificateInvalid, alice.SendAsync(HttpMethod.Post, Routes.Devices, added));
    }

    [Fact]
    public async Task A_device_that_is_taken_out_is_disconnected_at_once_and_others_are_not()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient lost = await alice.AddDeviceAsync(server);
        await using TestSocket open = await alice.ConnectAsync();
        await using TestSocket idle = await lost.ConnectAsync();
        await using TestSocket listening = await lost.ConnectAsync();
        await listening.SubscribeAsync(lost.Inbox);
        Assert.Equal(HttpStatusCode.NoContent, (await alice.RevokeAsync(lost.Id)).StatusCode);
        Assert.Equal(ErrorCode.Unauthenticated, await idle.ClosedAsync());
        Assert.Equal(ErrorCode.Unauthenticated, await listening.ClosedAsync());
        Assert.Equal(ErrorCode.None, (await open.RequestAsync(new ClientFrame { Ping = new Ping() })).Error);
    }

    [Fact]
    public async Task A_device_that_is_taken_out_while_it_signs_in_is_not_let_in()
    {
        using var folder = new TemporaryFolder();
        HeldAccounts? accounts = null;
        await using TestServer server = await TestServer.StartOnSqliteAsync(
            folder.File("parley.db"), configure: services => services.AddSingleton<IAccountStore>(provider => accounts = new HeldAccounts(provider.GetRequiredService<IDatabase>())));
        TestClient alice = await server.JoinAsync("alice");
        TestClient lost = await alice.AddDeviceAsync(server);
        accounts!.Found = async device =>
        {
            if (device == lost.Id)
                Assert.Equal(HttpStatusCode.NoContent, (await alice.RevokeAsync(lost.Id)).StatusCode);
        };
        await using TestSocket socket = await lost.ConnectAsync();
        Assert.Equal(ErrorCode.Unauthenticated, await socket.ClosedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_device_that_was_taken_out_is_found_nowhere_and_stays_out(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice first = await stores.RegisterAsync("alice");
        TestDevice bob = await stores.RegisterAsync("bob");
        var second = new TestDevice("alice", besides: first);
        Assert.Equal(ErrorCode.None, await stores.Accounts.AddDeviceAsync(first.Id, second.Certificate));
        Assert.False(await stores.Accounts.RevokeDeviceAsync(bob.Id, second.Id, Now));
        Assert.True(await stores.Accounts.RevokeDeviceAsync(first.Id, second.Id, Now));
        Assert.Null(await stores.Accounts.FindDeviceAsync(second.Id));
        Assert.Single((await stores.Accounts.FindAsync(first.Certificate.Handle))!.Certificates);
        Assert.Equal([second.Id], await stores.Logs.FindUnknownAsync([first.Id, second.Id]));
        Assert.Equal(ErrorCode.CertificateInvalid, await stores.Accounts.AddDeviceAsync(first.Id, second.Certificate));
        Assert.True(await stores.Accounts.RevokeDeviceAsync(first.Id, second.Id, Now));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_account_has_no_more_devices_than_it_may(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice first = await stores.RegisterAsync("alice");
        for (int i = 1; i < Limits.DevicesPerAccountMax; i++)
            Assert.Equal(ErrorCode.None, await stores.Accounts.AddDeviceAsync(first.Id, new TestDevice("alice", besides: first).Certificate));
        Assert.Equal(ErrorCode.TooManyDevices, await stores.Accounts.AddDeviceAsync(first.Id, new TestDevice("alice", besides: first).Certificate));
    }

    /// <summary>Accounts as they are in the database, with something in between when a device was found.</summary>
    private sealed class HeldAccounts(IDatabase database) : IAccountStore
    {
        private readonly AccountStore _store = new(database);

        public Func<DeviceId, Task> Found { get; set; } = static _ => Task.CompletedTask;

        public Task<ErrorCode> RegisterAsync(byte[] inviteHash, DeviceCertificate certificate, DateTimeOffset now) => _store.RegisterAsync(inviteHash, certificate, now);

        public Task<ErrorCode> AddDeviceAsync(DeviceId by, DeviceCertificate certificate) => _store.AddDeviceAsync(by, certificate);

        public Task<bool> RevokeDeviceAsync(DeviceId by, DeviceId device, DateTimeOffset now) => _store.RevokeDeviceAsync(by, device, now);

        public ValueTask<Account?> FindAsync(Handle handle) => _store.FindAsync(handle);

        public async ValueTask<RegisteredDevice?> FindDeviceAsync(DeviceId device)
        {
            RegisteredDevice? found = await _store.FindDeviceAsync(device);
            await Found(device);
            return found;
        }
    }
}
