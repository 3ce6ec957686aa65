using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Crypto;

/// <summary>The working group's <c>crypto-basics.json</c>: the constructions of RFC 9420 §5, §8 and §9.1, one case a suite.</summary>
public sealed class CryptoBasicsVectorTests
{
    [Fact]
    public void Crypto_basics() => VectorFiles.RunAll("mls", "crypto-basics", RunCase);

    private static string? RunCase(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        RefHash(suite, vector.GetProperty("ref_hash"));
        Derivations(suite, vector);
        Signatures(suite, vector.GetProperty("sign_with_label"));
        Encryptions(suite, vector.GetProperty("encrypt_with_label"));
        return null;
    }

    private static void RefHash(CryptoSuite suite, JsonElement vector) =>
        Assert.Equal(vector.Hex("out"), suite.RefHash(vector.Text("label"), vector.Hex("value")));

    private static void Derivations(CryptoSuite suite, JsonElement vector)
    {
        JsonElement expand = vector.GetProperty("expand_with_label");
        using Secret expanded = suite.ExpandWithLabel(expand.Hex("secret"), expand.Text("label"), expand.Hex("context"), expand.Int("length"));
        Assert.Equal(expand.Hex("out"), expanded.AsSpan());

        JsonElement derive = vector.GetProperty("derive_secret");
        using Secret derived = suite.DeriveSecret(derive.Hex("secret"), derive.Text("label"));
        Assert.Equal(derive.Hex("out"), derived.AsSpan());

        JsonElement tree = vector.GetProperty("derive_tree_secret");
        byte[] treeSecret = new byte[tree.Int("length")];
        suite.DeriveTreeSecret(tree.Hex("secret"), tree.Text("label"), tree.UInt("generation"), treeSecret);
        Assert.Equal(tree.Hex("out"), treeSecret);
    }

    private static void Signatures(CryptoSuite suite, JsonElement vector)
    {
        byte[] publicKey = vector.Hex("pub");
        string label = vector.Text("label");
        byte[] content = vector.Hex("content");
        Assert.True(suite.VerifyWithLabel(publicKey, label, content, vector.Hex("signature")));

        byte[] signature = suite.SignWithLabel(vector.Hex("priv"), publicKey, label, content);
        Assert.True(suite.VerifyWithLabel(publicKey, label, content, signature));
        Assert.False(suite.VerifyWithLabel(publicKey, label + "2", content, signature));
    }

    private static void Encryptions(CryptoSuite suite, JsonElement vector)
    {
        string label = vector.Text("label");
        byte[] context = vector.Hex("context");
        byte[] plaintext = vector.Hex("plaintext");
        using HpkeKeyPair? keys = suite.ImportHpkeKeyPair(vector.Hex("priv"));
        Assert.NotNull(keys);
        Assert.Equal(vector.Hex("pub"), keys.PublicKey);

        using Secret? opened = suite.DecryptWithLabel(
            keys.PrivateKey.AsSpan(), keys.PublicKey, label, context, vector.Hex("kem_output"), vector.Hex("ciphertext"));
        Assert.NotNull(opened);
        Assert.Equal(plaintext, opened.AsSpan());

        Assert.True(suite.TryEncryptWithLabel(keys.PublicKey, label, context, plaintext, out byte[] kemOutput, out byte[] ciphertext));
        using Secret? openedAgain = suite.DecryptWithLabel(keys.PrivateKey.AsSpan(), keys.PublicKey, label, context, kemOutput, ciphertext);
        Assert.NotNull(openedAgain);
        Assert.Equal(plaintext, openedAgain.AsSpan());
        Assert.Null(suite.DecryptWithLabel(keys.PrivateKey.AsSpan(), keys.PublicKey, label + "2", context, kemOutput, ciphertext));
    }
}
