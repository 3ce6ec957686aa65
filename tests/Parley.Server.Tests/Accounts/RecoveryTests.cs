using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Limiting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Accounts;

/// <summary>An account of which no device is left takes a new one by the key that follows from its recovery code, and by nothing else.</summary>
public sealed class RecoveryTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(Limits.RecoveryKeyBytes);

    public static TheoryData<string> Kinds => StoreKinds.All;

    [Fact]
    public async Task A_device_is_taken_in_by_the_key_and_signs_in()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Put, Routes.Recovery, new NewRecovery(SHA256.HashData(Key)))).StatusCode);
        var second = new TestDevice("alice", besides: alice.Device);
        var recovered = new RecoveredDevice(Key, second.Certificate.Encoded.ToArray());
        for (int i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(server, recovered)).StatusCode);
        Assert.NotEmpty(await server.SignInAsync(second));
    }

    [Fact]
    public async Task Another_key_another_account_and_an_account_without_a_code_are_refused_alike()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        await alice.SendAsync(HttpMethod.Put, Routes.Recovery, new NewRecovery(SHA256.HashData(Key)));
        var second = new TestDevice("alice", besides: alice.Device);
        await RefusedAsync(server, RandomNumberGenerator.GetBytes(Limits.RecoveryKeyBytes), second);
        await RefusedAsync(server, Key, new TestDevice("bob", besides: bob.Device));
        await RefusedAsync(server, Key, new TestDevice("nobody"));

        // The right key, and a certificate of another account key under the same handle.
        await RefusedAsync(server, Key, new TestDevice("alice"));

        // The hash alone, which a thief of the database has.
        await RefusedAsync(server, SHA256.HashData(Key), second);
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, PostAsync(server, new RecoveredDevice(Key[..31], second.Certificate.Encoded.ToArray())));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.CertificateInvalid, PostAsync(server, new RecoveredDevice(Key, [1, 2, 3])));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, alice.SendAsync(HttpMethod.Put, Routes.Recovery, new NewRecovery(Key[..31])));
    }

    [Fact]
    public async Task Codes_are_tried_so_often_and_no_more()
    {
        await using TestServer server = await TestServer.StartAsync(limits: new ServerLimits { RecoveriesPerHour = 3 });
        TestClient alice = await server.JoinAsync("alice");
        await alice.SendAsync(HttpMethod.Put, Routes.Recovery, new NewRecovery(SHA256.HashData(Key)));
        var second = new TestDevice("alice", besides: alice.Device);
        for (int i = 0; i < 3; i++)
            await RefusedAsync(server, RandomNumberGenerator.GetBytes(Limits.RecoveryKeyBytes), second);
        await Refusals.AssertAsync(HttpStatusCode.TooManyRequests, ErrorCode.RateLimited, PostAsync(server, new RecoveredDevice(Key, second.Certificate.Encoded.ToArray())));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_store_keeps_the_last_hash_and_takes_devices_by_it(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice alice = await stores.RegisterAsync("alice");
        var second = new TestDevice("alice", besides: alice);
        (byte[] first, byte[] last) = (SHA256.HashData([1]), SHA256.HashData([2]));
        Assert.Equal(ErrorCode.RecoveryRefused, await stores.Accounts.RecoverDeviceAsync(first, second.Certificate));
        await stores.Accounts.SetRecoveryAsync(alice.Id, first);
        await stores.Accounts.SetRecoveryAsync(alice.Id, last);
        Assert.Equal(ErrorCode.RecoveryRefused, await stores.Accounts.RecoverDeviceAsync(first, second.Certificate));
        Assert.Equal(ErrorCode.RecoveryRefused, await stores.Accounts.RecoverDeviceAsync(last, new TestDevice("alice").Certificate));
        Assert.Equal(ErrorCode.None, await stores.Accounts.RecoverDeviceAsync(last, second.Certificate));
        Assert.Equal(ErrorCode.None, await stores.Accounts.RecoverDeviceAsync(last, second.Certificate));
        Assert.Equal(second.Certificate.Encoded, (await stores.Accounts.FindDeviceAsync(second.Id))!.Certificate.Encoded);
        Assert.NotNull(await stores.Logs.FindAccessAsync(Server.Log.LogName.Inbox(second.Id), second.Id, after: 0));

        // One that was taken out does not come back by its old certificate.
        Assert.True(await stores.Accounts.RevokeDeviceAsync(alice.Id, second.Id, DateTimeOffset.UnixEpoch));
        Assert.Equal(ErrorCode.CertificateInvalid, await stores.Accounts.RecoverDeviceAsync(last, second.Certificate));
    }

    private static Task<HttpResponseMessage> PostAsync(TestServer server, RecoveredDevice device) =>
        server.Http.PostAsJsonAsync(Routes.RecoveredDevices, device, ResourcesJson.Default.RecoveredDevice);

    private static Task RefusedAsync(TestServer server, byte[] key, TestDevice device) => Refusals.AssertAsync(
        HttpStatusCode.Forbidden, ErrorCode.RecoveryRefused, PostAsync(server, new RecoveredDevice(key, device.Certificate.Encoded.ToArray())));
}
