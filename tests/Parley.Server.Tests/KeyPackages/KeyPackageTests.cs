using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Tree;

namespace Parley.Server.Tests.KeyPackages;

public sealed class KeyPackageTests
{
    private const CipherSuite Suite = CipherSuite.XWingChaCha20Poly1305Sha256Ed25519;

    private static readonly ulong Now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    [Fact]
    public async Task A_device_stocks_the_directory_and_a_peer_takes_each_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        byte[] first = Create(alice.Device).Encode();
        byte[] second = Create(alice.Device).Encode();
        Assert.Equal(HttpStatusCode.NoContent, (await AddAsync(alice, first, second)).StatusCode);
        Assert.Equal(new KeyPackageStock(2, false), await StockAsync(alice, Suite));
        Assert.Equal(first, await ClaimAsync(bob, "alice"));
        Assert.Equal(second, await ClaimAsync(bob, "alice"));
        await Refusals.AssertAsync(HttpStatusCode.Conflict, ErrorCode.KeyPackageExhausted, bob.SendAsync(HttpMethod.Post, ClaimRoute("alice")));
        await Refusals.AssertAsync(HttpStatusCode.NotFound, ErrorCode.NotFound, bob.SendAsync(HttpMethod.Post, ClaimRoute("nobody")));
    }

    [Fact]
    public async Task A_peer_says_which_suite_it_wants()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        byte[] hybrid = Create(alice.Device).Encode();
        byte[] fallback = Create(alice.Device, suite: CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519).Encode();
        await AddAsync(alice, fallback, hybrid);
        Assert.Equal(hybrid, await ClaimAsync(alice, "alice"));
        Assert.Equal(new KeyPackageStock(0, false), await StockAsync(alice, Suite));
        Assert.Equal(new KeyPackageStock(1, false), await StockAsync(alice, CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519));
        await Refusals.AssertAsync(HttpStatusCode.Conflict, ErrorCode.KeyPackageExhausted, alice.SendAsync(HttpMethod.Post, ClaimRoute("alice")));
        string withoutSuite = Routes.AccountKeyPackages.Replace("{handle}", "alice");
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, alice.SendAsync(HttpMethod.Post, withoutSuite));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, alice.SendAsync(HttpMethod.Post, withoutSuite + "?suite=65536"));
    }

    [Fact]
    public async Task A_last_resort_key_package_is_never_used_up()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        byte[] lastResort = Create(alice.Device, lastResort: true).Encode();
        await AddAsync(alice, lastResort);
        Assert.Equal(lastResort, await ClaimAsync(alice, "alice"));
        Assert.Equal(lastResort, await ClaimAsync(alice, "alice"));
    }

    [Fact]
    public async Task A_key_package_that_is_not_the_devices_own_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestDevice eve = new("eve");
        KeyPackage genuine = Create(alice.Device);
        KeyPackage[] wrong =
        [
            Create(eve),
            genuine with { LeafNode = genuine.LeafNode with { SignatureKey = eve.Certificate.DeviceKey } },
            genuine with { LeafNode = genuine.LeafNode with { Credential = new Credential.Basic(eve.Certificate.Encoded) } },
            genuine with { CipherSuite = CipherSuite.P256Aes128GcmSha256P256 },
            genuine with { InitKey = RandomNumberGenerator.GetBytes(32) },
            genuine with { Signature = RandomNumberGenerator.GetBytes(64) },
            Sign(alice.Device, genuine with { LeafNode = genuine.LeafNode with { EncryptionKey = RandomNumberGenerator.GetBytes(32) } }),
            Sign(alice.Device, genuine with { InitKey = genuine.LeafNode.EncryptionKey }),
            Create(alice.Device, lifetime: new Lifetime(0, Now - 1)),
            Create(alice.Device, lifetime: new Lifetime(Now + 7200, Now + 9000)),
        ];
        foreach (KeyPackage keyPackage in wrong)
            await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.KeyPackageInvalid, AddAsync(alice, keyPackage.Encode()));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.KeyPackageInvalid, AddAsync(alice, Array.Empty<byte>()));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.KeyPackageInvalid, AddAsync(alice, genuine.Encode(), new byte[Limits.KeyPackageBytesMax + 1]));
        await Refusals.AssertAsync(HttpStatusCode.RequestEntityTooLarge, ErrorCode.TooLarge, AddAsync(alice, [.. Enumerable.Repeat(genuine.Encode(), Limits.KeyPackagesPerUploadMax + 1)]));

        Assert.Equal(new KeyPackageStock(0, false), await StockAsync(alice, Suite));
    }

    private static Task<HttpResponseMessage> AddAsync(TestClient client, params byte[][] keyPackages) => client.SendAsync(HttpMethod.Post, Routes.KeyPackages, new NewKeyPackages(keyPackages));

    private static async Task<byte[]> ClaimAsync(TestClient client, string handle)
    {
        HttpResponseMessage response = await client.SendAsync(HttpMethod.Post, ClaimRoute(handle));
        return Assert.Single((await response.Content.ReadFromJsonAsync(ResourcesJson.Default.ClaimedKeyPackages))!.KeyPackages);
    }

    private static async Task<KeyPackageStock?> StockAsync(TestClient client, CipherSuite suite)
    {
        HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, (ushort)suite));
        return await response.Content.ReadFromJsonAsync(ResourcesJson.Default.KeyPackageStock);
    }

    private static string ClaimRoute(string handle, CipherSuite suite = Suite) => Routes.OfSuite(Routes.AccountKeyPackages.Replace("{handle}", handle), (ushort)suite);

    private static KeyPackage Create(TestDevice device, bool lastResort = false, Lifetime? lifetime = null, CipherSuite suite = Suite)
    {
        var capabilities = new Capabilities([ProtocolVersion.Mls10], [suite], [], [], [CredentialType.Basic]);
        var leaf = new LeafNode(
            RandomNumberGenerator.GetBytes(32), device.Certificate.DeviceKey, new Credential.Basic(device.Certificate.Encoded), capabilities,
            new LeafNodeSource.KeyPackage(lifetime ?? new Lifetime(Now - 60, Now + 1_000_000)), [], default);
        leaf = leaf with { Signature = Sign(device, "LeafNodeTBS", leaf.EncodeToBeSigned([], default)) };
        Extension[] extensions = lastResort ? [new Extension(ExtensionType.LastResort, default)] : [];
        return Sign(device, new KeyPackage(suite, RandomNumberGenerator.GetBytes(32), leaf, [.. extensions], default));
    }

    private static KeyPackage Sign(TestDevice device, KeyPackage keyPackage) =>
        keyPackage with { Signature = Sign(device, "KeyPackageTBS", keyPackage.EncodeToBeSigned()) };

    private static byte[] Sign(TestDevice device, string label, byte[] content)
    {
        var writer = new TlsWriter();
        writer.WriteVector(Encoding.ASCII.GetBytes("MLS 1.0 " + label));
        writer.WriteVector(content);
        return device.Sign(writer.WrittenSpan);
    }
}
