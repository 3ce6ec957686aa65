using Parley.Client.Devices;
using Parley.Client.Identity;
using Parley.Client.Tests.Engine;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;

namespace Parley.Client.Tests.Devices;

/// <summary>Two devices and whoever stands between them.</summary>
public sealed class LinkProtocolTests
{
    private const string Code = "ABCD2345";

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_account_is_handed_over_to_the_device_that_was_met()
    {
        using LocalIdentity alice = Identity("alice");
        using var device = new Waiting();
        LinkAnswer answer = Answer(alice);
        byte[] transcript = device.Transcript(answer);
        (DeviceCertificate certificate, byte[] handover) = LinkProtocol.HandOver(TestDevice.Crypto, alice, device.Shown, transcript, Now)!.Value;
        using LocalIdentity second = device.Open(handover, answer, transcript)!;
        Assert.Equal(certificate.Encoded.ToArray(), second.Certificate.Encoded.ToArray());
        Assert.Equal(alice.Certificate.AccountKey.ToArray(), second.Certificate.AccountKey.ToArray());
        Assert.True(second.Certify(device.Shown.DeviceKey.Span, device.Shown.Device, Now).Verify((key, content, signature) => TestDevice.Crypto.Verify(SignatureAlgorithm.Ed25519, key, content, signature)));
    }

    [Fact]
    public void A_server_that_swaps_the_new_devices_keys_is_found_out()
    {
        using var device = new Waiting();
        using var swapped = new Waiting();
        Assert.NotEqual(device.Commitment, LinkProtocol.Commit(TestDevice.Crypto, swapped.Shown));
        Assert.NotEqual(device.Commitment, LinkProtocol.Commit(TestDevice.Crypto, device.Shown with { SealKey = swapped.Shown.SealKey }));
        Assert.NotEqual(device.Commitment, LinkProtocol.Commit(TestDevice.Crypto, device.Shown with { DeviceKey = swapped.Shown.DeviceKey }));
    }

    [Fact]
    public void A_server_in_the_middle_shows_each_side_another_number()
    {
        using LocalIdentity alice = Identity("alice");
        using LocalIdentity mallory = Identity("mallory");
        using var device = new Waiting();
        using var swapped = new Waiting();
        byte[] seenByAlice = swapped.Transcript(Answer(alice));
        byte[] seenByDevice = device.Transcript(Answer(mallory));
        Assert.False(LinkProtocol.IsNumber(LinkProtocol.NumberOfNew(TestDevice.Crypto, seenByDevice), LinkProtocol.NumberOfNew(TestDevice.Crypto, seenByAlice)));
        Assert.False(LinkProtocol.IsNumber(LinkProtocol.NumberOfExisting(TestDevice.Crypto, seenByAlice), LinkProtocol.NumberOfExisting(TestDevice.Crypto, seenByDevice)));
        string number = LinkProtocol.NumberOfNew(TestDevice.Crypto, seenByDevice);
        Assert.True(LinkProtocol.IsNumber(" " + number.Replace(" ", "", StringComparison.Ordinal), number));
    }

    [Fact]
    public void What_was_sealed_in_another_exchange_by_another_device_or_for_another_key_is_refused()
    {
        using LocalIdentity alice = Identity("alice");
        using LocalIdentity mallory = Identity("mallory");
        using var device = new Waiting();
        using var other = new Waiting();
        LinkAnswer answer = Answer(alice);
        byte[] transcript = device.Transcript(answer);
        byte[] good = LinkProtocol.HandOver(TestDevice.Crypto, alice, device.Shown, transcript, Now)!.Value.Handover;
        Assert.Null(device.Open(good, answer, device.Transcript(Answer(alice))));
        Assert.Null(other.Open(good, answer, transcript));
        Assert.Null(device.Open(LinkProtocol.HandOver(TestDevice.Crypto, mallory, device.Shown, transcript, Now)!.Value.Handover, answer, transcript));
        for (int i = 0; i < good.Length; i += 37)
        {
            byte[] changed = [.. good];
            changed[i] ^= 1;
            Assert.Null(device.Open(changed, answer, transcript));
        }
    }

    [Fact]
    public void Whoever_has_not_read_the_link_text_cannot_answer_as_if()
    {
        using LocalIdentity alice = Identity("alice");
        using var device = new Waiting();
        LinkAnswer answer = Answer(alice);
        byte[] secret = new byte[LinkProtocol.SecretBytes];
        byte[] guessed = [.. secret];
        guessed[0] = 1;
        Assert.NotEqual(LinkProtocol.Mac(TestDevice.Crypto, secret, device.Commitment, answer), LinkProtocol.Mac(TestDevice.Crypto, guessed, device.Commitment, answer));
        using var other = new Waiting();
        Assert.NotEqual(LinkProtocol.Mac(TestDevice.Crypto, secret, device.Commitment, answer), LinkProtocol.Mac(TestDevice.Crypto, secret, other.Commitment, answer));
    }

    [Fact]
    public void Codes_and_link_texts_are_read_as_people_give_them()
    {
        byte[] commitment = [.. Enumerable.Repeat((byte)7, 32)];
        byte[] secret = [.. Enumerable.Repeat((byte)9, 32)];
        Assert.True(LinkProtocol.TryParse($" {LinkProtocol.ToText(Code, commitment, secret)}\n", out string? code, out byte[]? read, out byte[]? readSecret));
        Assert.Equal(Code, code);
        Assert.Equal(commitment, read);
        Assert.Equal(secret, readSecret);
        Assert.True(LinkProtocol.TryParse("abcd-2o4i", out code, out read, out _));
        Assert.Equal("ABCD2041", code);
        Assert.Null(read);
        foreach (string bad in new[] { "", "parley-link:", "parley-link:ABCD:???", "parley-link:ABCD:AAAA", "../accounts", new string('A', 99) })
            Assert.False(LinkProtocol.TryParse(bad, out _, out _, out _), bad);
    }

    private static LinkAnswer Answer(LocalIdentity identity)
    {
        byte[] nonce = new byte[LinkProtocol.NonceBytes];
        TestDevice.Crypto.FillRandom(nonce);
        return new LinkAnswer(nonce, identity.Certificate, default);
    }

    private static LocalIdentity Identity(string name) =>
        LocalIdentity.Create(TestDevice.Crypto, Handle.TryParse(name, out Handle? handle) ? handle : throw new ArgumentException("Not a handle.", nameof(name)), FakeServer.Name, Now);

    /// <summary>A new device's side.</summary>
    private sealed class Waiting : IDisposable
    {
        private readonly HpkeKeyPair _sealKey = new CryptoSuite(TestDevice.Crypto, MlsProfile.Suite).GenerateHpkeKeyPair();
        private readonly Secret _deviceKey;

        public Waiting()
        {
            (_deviceKey, byte[] publicKey) = TestDevice.Crypto.GenerateSignatureKeyPair(SignatureAlgorithm.Ed25519);
            byte[] random = new byte[LinkProtocol.NonceBytes];
            TestDevice.Crypto.FillRandom(random);
            Assert.True(DeviceId.TryParse(random.AsSpan(0, 16), out DeviceId id));
            Shown = new RevealedDevice(random, _sealKey.PublicKey, publicKey, id);
        }

        public RevealedDevice Shown { get; }

        public byte[] Commitment => LinkProtocol.Commit(TestDevice.Crypto, Shown);

        public byte[] Transcript(LinkAnswer answer) => LinkProtocol.Transcript(TestDevice.Crypto, Code, Commitment, answer.Encode(), Shown.Encode());

        public LocalIdentity? Open(byte[] handover, LinkAnswer answer, byte[] transcript) =>
            LinkProtocol.Open(TestDevice.Crypto, handover, _sealKey, answer, Shown, _deviceKey.Clone(), transcript);

        public void Dispose()
        {
            _sealKey.Dispose();
            _deviceKey.Dispose();
        }
    }
}
