using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Native;

namespace Parley.Mls.Tests.Crypto;

public sealed class CryptoSuiteTests
{
    private static readonly ICryptoProvider Provider = Vectors.Suites.Provider;

    public static TheoryData<CipherSuite> Suites { get; } = [.. CipherSuites.All.Select(parameters => parameters.Id)];

    [Fact]
    public void Every_suite_of_RFC_9420_has_a_row_and_the_hybrid_one_a_number_for_private_use()
    {
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], CipherSuites.All.SkipLast(1).Select(parameters => (int)parameters.Id));
        Assert.Equal(KemAlgorithm.XWing, CipherSuites.All[^1].Kem);
        Assert.InRange((ushort)CipherSuites.All[^1].Id, 0xF000, 0xFFFF);
    }

    [Theory]
    [InlineData(CipherSuite.X448Aes256GcmSha512Ed448)]
    [InlineData((CipherSuite)0)]
    [InlineData((CipherSuite)0x0a0a)]
    public void An_unsupported_suite_is_refused(CipherSuite suite)
    {
        var native = new NativeCryptoProvider(RandomSource.System);
        Assert.False(CryptoSuite.IsSupported(native, suite));
        Assert.Throws<ArgumentException>(() => new CryptoSuite(native, suite));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_mac_is_checked_in_full(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        byte[] key = new byte[suite.HashBytes];
        byte[] tag = suite.Mac(key, [1]);
        Assert.True(suite.VerifyMac(key, [1], tag));
        Assert.False(suite.VerifyMac(key, [2], tag));
        Assert.False(suite.VerifyMac(key, [1], tag.AsSpan(1)));
        Assert.False(suite.VerifyMac(key, [1], []));
        Assert.False(suite.VerifyMac(key, [1], [.. tag, 0]));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Opening_less_than_a_tag_is_false(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        byte[] key = new byte[suite.AeadKeyBytes];
        byte[] nonce = new byte[suite.AeadNonceBytes];
        Assert.False(suite.TryOpen(key, nonce, [], new byte[15], []));
        Assert.False(suite.TryOpen(key, nonce, [], [], []));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_ciphertext_opens_for_its_key_label_and_context_only(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        using HpkeKeyPair keys = suite.GenerateHpkeKeyPair();
        using HpkeKeyPair other = suite.GenerateHpkeKeyPair();
        byte[] context = new byte[1000];
        Assert.True(suite.TryEncryptWithLabel(keys.PublicKey, "L", context, [1, 2, 3], out byte[] kemOutput, out byte[] ciphertext));

        using Secret? opened = Open(suite, keys, "L", context, kemOutput, ciphertext);
        Assert.NotNull(opened);
        Assert.Equal(new byte[] { 1, 2, 3 }, opened.AsSpan());

        Assert.Null(Open(suite, other, "L", context, kemOutput, ciphertext));
        Assert.Null(Open(suite, keys, "M", context, kemOutput, ciphertext));
        Assert.Null(Open(suite, keys, "L", context[1..], kemOutput, ciphertext));
        Assert.Null(Open(suite, keys, "L", context, other.PublicKey, ciphertext));
        Assert.Null(Open(suite, keys, "L", context, kemOutput, ciphertext[1..]));
        Assert.Null(Open(suite, keys, "L", context, kemOutput, []));
        Assert.Null(Open(suite, keys, "L", context, [], ciphertext));
        Assert.Null(Open(suite, keys, "L", context, kemOutput[1..], ciphertext));
        Assert.Null(Open(suite, keys, "L", context, new byte[kemOutput.Length], ciphertext));
    }

    /// <summary>RFC 9180 §6.1: each encryption has a context of its own, so that no sequence number is ever counted, and none wraps.</summary>
    [Theory]
    [MemberData(nameof(Suites))]
    public void Two_encryptions_of_one_content_share_no_context(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        using HpkeKeyPair keys = suite.GenerateHpkeKeyPair();
        Assert.True(suite.TryEncryptWithLabel(keys.PublicKey, "L", [], [1], out byte[] firstOutput, out byte[] first));
        Assert.True(suite.TryEncryptWithLabel(keys.PublicKey, "L", [], [1], out byte[] secondOutput, out byte[] second));
        Assert.NotEqual(firstOutput, secondOutput);
        Assert.NotEqual(first, second);
        Assert.Null(Open(suite, keys, "L", [], firstOutput, second));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void An_invalid_public_key_is_false_with_empty_outputs(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        using HpkeKeyPair keys = suite.GenerateHpkeKeyPair();
        foreach (byte[] invalid in new[] { [], keys.PublicKey[1..], [.. keys.PublicKey, 0], new byte[keys.PublicKey.Length] })
        {
            Assert.False(suite.TryEncryptWithLabel(invalid, "L", [], [1], out byte[] kemOutput, out byte[] ciphertext));
            Assert.Empty(kemOutput);
            Assert.Empty(ciphertext);
            Assert.False(suite.TryExportSender(invalid, [], [], 32, out kemOutput, out Secret? exported));
            Assert.Empty(kemOutput);
            Assert.Null(exported);
            Assert.Null(suite.ExportReceiver(keys.PrivateKey.AsSpan(), keys.PublicKey, invalid, [], [], 32));
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Both_sides_export_the_same_secret(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        using HpkeKeyPair keys = suite.DeriveHpkeKeyPair([1, 2, 3]);
        Assert.True(suite.TryExportSender(keys.PublicKey, [], "context"u8, suite.HashBytes, out byte[] kemOutput, out Secret? sent));
        using (sent)
        {
            using Secret? received = suite.ExportReceiver(keys.PrivateKey.AsSpan(), keys.PublicKey, kemOutput, [], "context"u8, suite.HashBytes);
            Assert.NotNull(received);
            Assert.Equal(sent.AsSpan(), received.AsSpan());
            using Secret? other = suite.ExportReceiver(keys.PrivateKey.AsSpan(), keys.PublicKey, kemOutput, [], [], suite.HashBytes);
            Assert.NotNull(other);
            Assert.False(sent.AsSpan().SequenceEqual(other.AsSpan()));
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_private_key_is_imported_only_if_it_is_one(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        using HpkeKeyPair keys = suite.DeriveHpkeKeyPair([1, 2, 3]);
        using HpkeKeyPair? imported = suite.ImportHpkeKeyPair(keys.PrivateKey.AsSpan());
        Assert.NotNull(imported);
        Assert.Equal(keys.PublicKey, imported.PublicKey);
        Assert.Null(suite.ImportHpkeKeyPair([]));
        Assert.Null(suite.ImportHpkeKeyPair(keys.PrivateKey.AsSpan()[1..]));
        using HpkeKeyPair? zero = suite.ImportHpkeKeyPair(new byte[keys.PrivateKey.Length]);
        Assert.Equal(suite.Parameters.Kem is KemAlgorithm.X25519 or KemAlgorithm.X448 or KemAlgorithm.XWing, zero is not null);
    }

    /// <summary>The label's structures are written by a writer of their own; here against the one that everything else uses.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(300)]
    [InlineData(16383)]
    [InlineData(16384)]
    public void Labels_are_encoded_as_vectors_of_every_size(int length)
    {
        var suite = new CryptoSuite(Provider, CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519);
        byte[] value = new byte[length];
        string label = new('é', length / 2);
        var refHashInput = new TlsWriter();
        refHashInput.WriteVector(System.Text.Encoding.UTF8.GetBytes(label));
        refHashInput.WriteVector(value);
        Assert.Equal(suite.Hash(refHashInput.WrittenSpan), suite.RefHash(label, value));

        var kdfLabel = new TlsWriter();
        kdfLabel.WriteUInt16(40);
        kdfLabel.WriteVector(System.Text.Encoding.UTF8.GetBytes("MLS 1.0 " + label));
        kdfLabel.WriteVector(value);
        byte[] expected = new byte[40];
        Provider.HkdfExpand(HashAlgorithm.Sha256, new byte[32], kdfLabel.WrittenSpan, expected);
        using Secret expanded = suite.ExpandWithLabel(new byte[32], label, value, 40);
        Assert.Equal(expected, expanded.AsSpan());

        (Secret privateKey, byte[] publicKey) = suite.GenerateSignatureKeyPair();
        var signContent = new TlsWriter();
        signContent.WriteVector(System.Text.Encoding.UTF8.GetBytes("MLS 1.0 " + label));
        signContent.WriteVector(value);
        byte[] signature = suite.SignWithLabel(privateKey.AsSpan(), publicKey, label, value);
        Assert.True(Provider.Verify(SignatureAlgorithm.Ed25519, publicKey, signContent.WrittenSpan, signature));
        Assert.True(suite.VerifyWithLabel(publicKey, label, value, signature));
        privateKey.Dispose();
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Key_pairs_are_derived_from_long_material_too(CipherSuite id)
    {
        var suite = new CryptoSuite(Provider, id);
        using HpkeKeyPair first = suite.DeriveHpkeKeyPair(new byte[1000]);
        using HpkeKeyPair again = suite.DeriveHpkeKeyPair(new byte[1000]);
        using HpkeKeyPair other = suite.DeriveHpkeKeyPair(new byte[999]);
        Assert.Equal(first.PublicKey, again.PublicKey);
        Assert.NotEqual(first.PublicKey, other.PublicKey);
    }

    [Fact]
    public void A_length_that_is_none_is_the_callers_mistake()
    {
        var suite = new CryptoSuite(Provider, CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519);
        Assert.ThrowsAny<ArgumentException>(() => suite.ExpandWithLabel(new byte[32], "L", [], -1));
        Assert.ThrowsAny<ArgumentException>(() => suite.ExpandWithLabel(new byte[32], "L", [], (255 * 32) + 1));
        Assert.ThrowsAny<ArgumentException>(() => suite.ExpandWithLabel(new byte[32], "L", [], 1 << 16));
    }

    private static Secret? Open(CryptoSuite suite, HpkeKeyPair keys, string label, byte[] context, byte[] kemOutput, byte[] ciphertext) =>
        suite.DecryptWithLabel(keys.PrivateKey.AsSpan(), keys.PublicKey, label, context, kemOutput, ciphertext);
}
