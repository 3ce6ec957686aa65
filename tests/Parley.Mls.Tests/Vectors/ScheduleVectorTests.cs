using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;

namespace Parley.Mls.Tests.Vectors;

/// <summary>The working group's vectors of RFC 9420 §8 and §9.</summary>
public sealed class ScheduleVectorTests
{
    [Fact]
    public void Key_schedule() => VectorFiles.RunAll("mls", "key-schedule", RunKeySchedule);

    [Fact]
    public void Psk_secret() => VectorFiles.RunAll("mls", "psk_secret", RunPskSecret);

    [Fact]
    public void Transcript_hashes() => VectorFiles.RunAll("mls", "transcript-hashes", RunTranscriptHashes);

    [Fact]
    public void Secret_tree() => VectorFiles.RunAll("mls", "secret-tree", RunSecretTree);

    private static string? RunKeySchedule(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        byte[] groupId = vector.Hex("group_id");
        var initSecret = new Secret(vector.Hex("initial_init_secret"));
        ulong epoch = 0;
        foreach (JsonElement expected in vector.Items("epochs"))
        {
            var context = new GroupContext(suite.Id, groupId, epoch++, expected.Hex("tree_hash"), expected.Hex("confirmed_transcript_hash"), []);
            byte[] encoded = context.Encode();
            Assert.Equal(expected.Hex("group_context"), encoded);
            using Secret commitSecret = new(expected.Hex("commit_secret"));
            using Secret pskSecret = new(expected.Hex("psk_secret"));
            using Secret joiner = KeySchedule.JoinerSecret(suite, initSecret, commitSecret, encoded);
            Assert.Equal(expected.Hex("joiner_secret"), joiner.AsSpan());
            using Secret welcome = KeySchedule.WelcomeSecret(suite, joiner, pskSecret);
            Assert.Equal(expected.Hex("welcome_secret"), welcome.AsSpan());
            EpochSecrets secrets = KeySchedule.EpochSecrets(suite, joiner, pskSecret, encoded);
            CompareSecrets(suite, expected, secrets);
            initSecret = secrets.InitSecret;
        }

        return null;
    }

    private static void CompareSecrets(CryptoSuite suite, JsonElement expected, EpochSecrets secrets)
    {
        Assert.Equal(expected.Hex("sender_data_secret"), secrets.SenderDataSecret.AsSpan());
        Assert.Equal(expected.Hex("encryption_secret"), secrets.EncryptionSecret.AsSpan());
        Assert.Equal(expected.Hex("exporter_secret"), secrets.ExporterSecret.AsSpan());
        Assert.Equal(expected.Hex("external_secret"), secrets.ExternalSecret.AsSpan());
        Assert.Equal(expected.Hex("confirmation_key"), secrets.ConfirmationKey.AsSpan());
        Assert.Equal(expected.Hex("membership_key"), secrets.MembershipKey.AsSpan());
        Assert.Equal(expected.Hex("resumption_psk"), secrets.ResumptionPsk.AsSpan());
        Assert.Equal(expected.Hex("epoch_authenticator"), secrets.EpochAuthenticator.AsSpan());
        Assert.Equal(expected.Hex("init_secret"), secrets.InitSecret.AsSpan());
        using HpkeKeyPair external = KeySchedule.ExternalKeyPair(suite, secrets.ExternalSecret);
        Assert.Equal(expected.Hex("external_pub"), external.PublicKey);
        JsonElement exporter = expected.GetProperty("exporter");
        using Secret exported = KeySchedule.Export(suite, secrets.ExporterSecret, exporter.Text("label"), exporter.Hex("context"), exporter.Int("length"));
        Assert.Equal(exporter.Hex("secret"), exported.AsSpan());
    }

    private static string? RunPskSecret(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        var psks = new List<(PreSharedKeyId Id, Secret Key)>();
        foreach (JsonElement psk in vector.Items("psks"))
            psks.Add((new PreSharedKeyId.External(psk.Hex("psk_id"), psk.Hex("psk_nonce")), new Secret(psk.Hex("psk"))));
        using Secret secret = PskSecret.Compute(suite, psks);
        Assert.Equal(vector.Hex("psk_secret"), secret.AsSpan());
        return null;
    }

    private static string? RunTranscriptHashes(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        AuthenticatedContent content = Suites.Decode<AuthenticatedContent>(vector.Hex("authenticated_content"));
        byte[] confirmed = KeySchedule.ConfirmedTranscriptHash(suite, vector.Hex("interim_transcript_hash_before"), content);
        Assert.Equal(vector.Hex("confirmed_transcript_hash_after"), confirmed);
        Assert.NotNull(content.Auth.ConfirmationTag);
        byte[] tag = content.Auth.ConfirmationTag.Value.ToArray();
        Assert.Equal(vector.Hex("interim_transcript_hash_after"), KeySchedule.InterimTranscriptHash(suite, confirmed, tag));
        Assert.True(suite.VerifyMac(vector.Hex("confirmation_key"), confirmed, tag));
        return null;
    }

    private static string? RunSecretTree(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        JsonElement senderData = vector.GetProperty("sender_data");
        using Secret senderDataSecret = new(senderData.Hex("sender_data_secret"));
        byte[] key = new byte[suite.AeadKeyBytes];
        byte[] nonce = new byte[suite.AeadNonceBytes];
        SenderData.DeriveKey(suite, senderDataSecret, senderData.Hex("ciphertext"), key, nonce);
        Assert.Equal(senderData.Hex("key"), key);
        Assert.Equal(senderData.Hex("nonce"), nonce);

        JsonElement[] leaves = [.. vector.Items("leaves")];
        var limits = new RatchetLimits(1000, 1000);
        using SecretTree tree = SecretTree.Create(suite, 0, leaves.Length, limits, new Secret(vector.Hex("encryption_secret")));
        for (int leaf = 0; leaf < leaves.Length; leaf++)
        {
            foreach (JsonElement generation in leaves[leaf].EnumerateArray())
            {
                CompareKeys(suite, tree, new LeafIndex((uint)leaf), RatchetType.Application, generation, "application");
                CompareKeys(suite, tree, new LeafIndex((uint)leaf), RatchetType.Handshake, generation, "handshake");
            }
        }

        return null;
    }

    private static void CompareKeys(CryptoSuite suite, SecretTree tree, LeafIndex leaf, RatchetType type, JsonElement expected, string name)
    {
        byte[] key = new byte[suite.AeadKeyBytes];
        byte[] nonce = new byte[suite.AeadNonceBytes];
        using SecretTree.FoundKeys found = tree.Find(leaf, type, expected.UInt("generation"), key, nonce);
        Assert.Equal(expected.Hex(name + "_key"), key);
        Assert.Equal(expected.Hex(name + "_nonce"), nonce);
        found.Consume();
    }
}
