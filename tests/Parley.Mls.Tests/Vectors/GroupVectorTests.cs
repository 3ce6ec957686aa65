using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Vectors;

/// <summary>
/// The working group's vectors of whole groups (RFC 9420 §12.4): one client's view, from its Welcome through every Commit, with the epoch
/// authenticator compared after each.
/// </summary>
public sealed class GroupVectorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Welcome() => VectorFiles.RunAll("mls", "welcome", RunWelcome);

    [Fact]
    public void Passive_client() => VectorFiles.RunAll("mls", "passive-client", RunPassiveClient);

    [Fact]
    public void Passive_client_of_interop_runs() => VectorFiles.RunAll("mls-passive-interop", "", RunPassiveClient);

    private static string? RunWelcome(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        Welcome welcome = Assert.IsType<MlsMessage.Welcome>(Suites.Decode<MlsMessage>(vector.Hex("welcome"))).Message;
        KeyPackage keyPackage = Assert.IsType<MlsMessage.KeyPackage>(Suites.Decode<MlsMessage>(vector.Hex("key_package"))).Message;
        using var bundle = KeyPackageBundle.FromParts(Suites.Provider, keyPackage, new Secret(vector.PrivateKey(suite, "init_priv")), new Secret(0));
        var opening = new WelcomeOpening(suite, welcome);
        using GroupSecrets secrets = opening.OpenGroupSecrets(bundle);
        using Secret pskSecret = new(suite.HashBytes);
        GroupInfo info = opening.OpenGroupInfo(secrets, pskSecret);
        Assert.True(suite.VerifyWithLabel(vector.Hex("signer_pub"), "GroupInfoTBS", info.EncodeToBeSigned(), info.Signature.Span));
        using EpochSecrets epoch = KeySchedule.EpochSecrets(suite, secrets.JoinerSecret, pskSecret, info.GroupContext.Encode());
        Assert.True(suite.VerifyMac(epoch.ConfirmationKey.AsSpan(), info.GroupContext.ConfirmedTranscriptHash.Span, info.ConfirmationTag.Span));
        return null;
    }

    private static string? RunPassiveClient(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        var keyPackage = Assert.IsType<MlsMessage.KeyPackage>(Suites.Decode<MlsMessage>(vector.Hex("key_package"))).Message;
        LeafNode leaf = keyPackage.LeafNode;
        AssertKeyPair(suite, vector.PrivateKey(suite, "init_priv"), keyPackage.InitKey);
        AssertKeyPair(suite, vector.PrivateKey(suite, "encryption_priv"), leaf.EncryptionKey);
        using var signer = new SignatureKeyPair(new Secret(vector.PrivateKey(suite, "signature_priv")), leaf.SignatureKey.ToArray());
        using var bundle = KeyPackageBundle.FromParts(
            Suites.Provider, keyPackage, new Secret(vector.PrivateKey(suite, "init_priv")), new Secret(vector.PrivateKey(suite, "encryption_priv")));
        Welcome welcome = Assert.IsType<MlsMessage.Welcome>(Suites.Decode<MlsMessage>(vector.Hex("welcome"))).Message;
        GroupConfig config = Suites.Config(suite, new ExternalPsks(vector));
        var identity = new LeafIdentity(signer, leaf.Credential, leaf.Capabilities, leaf.Extensions);
        RatchetTreeExtension? tree = vector.OptionalHex("ratchet_tree") is { } encoded ? Suites.Decode<RatchetTreeExtension>(encoded) : null;
        using StagedWelcome staged = StagedWelcome.Stage(config, identity, welcome, bundle, tree);
        Follow(config, identity, staged.Join(), vector);
        return null;
    }

    /// <summary>Follows the Commits; after each the group is also put away and restored from what it wrote.</summary>
    private static void Follow(GroupConfig config, LeafIdentity identity, Group group, JsonElement vector)
    {
        var store = new GroupStore();
        store.Apply(group.TakeWrites());
        Assert.Equal(vector.Hex("initial_epoch_authenticator"), group.EpochAuthenticator);
        foreach (JsonElement epoch in vector.Items("epochs"))
        {
            foreach (JsonElement proposal in epoch.Items("proposals"))
                group.Process(Suites.Decode<MlsMessage>(Convert.FromHexString(proposal.GetString()!)), Now); // A list of strings.
            var received = Assert.IsType<Received.Commit>(group.Process(Suites.Decode<MlsMessage>(epoch.Hex("commit")), Now));
            group.Merge(received.Staged);
            Assert.Equal(epoch.Hex("epoch_authenticator"), group.EpochAuthenticator);
            store.Apply(group.TakeWrites());
            group.Dispose();
            group = Group.Restore(config, identity, store.Entries);
            Assert.Equal(epoch.Hex("epoch_authenticator"), group.EpochAuthenticator);
        }

        group.Dispose();
    }

    private static void AssertKeyPair(CryptoSuite suite, byte[] privateKey, ReadOnlyMemory<byte> publicKey)
    {
        using HpkeKeyPair? pair = suite.ImportHpkeKeyPair(privateKey);
        Assert.NotNull(pair);
        Assert.Equal(publicKey.ToArray(), pair.PublicKey);
    }

    private sealed class ExternalPsks(JsonElement vector) : IPreSharedKeys
    {
        public Secret? Find(PreSharedKeyId id)
        {
            if (id is not PreSharedKeyId.External external)
                return null;
            foreach (JsonElement psk in vector.Items("external_psks"))
            {
                if (psk.Hex("psk_id").AsSpan().SequenceEqual(external.PskId.Span))
                    return new Secret(psk.Hex("psk"));
            }

            return null;
        }
    }
}
