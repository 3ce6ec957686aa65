using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §12.4.3.1: Welcomes with one thing wrong.</summary>
public sealed class WelcomeRuleTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite).WithMembers(4).Filled();
    private readonly WelcomeForge _forge;

    public WelcomeRuleTests() => _forge = new WelcomeForge(_world[1], _world.NewClient());

    public void Dispose()
    {
        _forge.Dispose();
        _world.Dispose();
    }

    [Fact]
    public void A_Welcome_put_together_again_is_accepted()
    {
        _forge.AssertAccepted(_forge.Honest);
        _forge.AssertAccepted(_forge.Make());
        _forge.AssertAccepted(_forge.Make(withTree: false), new RatchetTreeExtension(_forge.Nodes));
    }

    [Fact]
    public void There_is_exactly_one_entry_for_the_KeyPackage_and_of_its_suite()
    {
        Welcome welcome = _forge.Make();
        _forge.AssertRefused(MlsError.WelcomeNotForUs, welcome with { Secrets = [] });
        _forge.AssertRefused(MlsError.WelcomeNotForUs, welcome with { Secrets = [welcome.Secrets[0], welcome.Secrets[0]] });
        _forge.AssertRefused(MlsError.WelcomeNotForUs, welcome with { Secrets = [welcome.Secrets[0] with { NewMember = new byte[32] }] });
        _forge.AssertRefused(MlsError.UnsupportedCipherSuite, welcome with { CipherSuite = CipherSuite.X25519Aes128GcmSha256Ed25519 });
        _forge.AssertAccepted(welcome with { Secrets = [welcome.Secrets[0] with { NewMember = new byte[32] }, welcome.Secrets[0]] });
    }

    [Fact]
    public void Group_secrets_must_open_for_this_GroupInfo_and_decode()
    {
        Welcome welcome = _forge.Make();
        Welcome other = _forge.Make(changeContext: static context => context with { Epoch = 99 });
        _forge.AssertRefused(MlsError.GroupSecretsInvalid, welcome with { EncryptedGroupInfo = other.EncryptedGroupInfo });
        HpkeCiphertext entry = welcome.Secrets[0].Ciphertext;
        foreach (HpkeCiphertext broken in (HpkeCiphertext[])[entry with { KemOutput = default }, entry with { KemOutput = new byte[32] }, entry with { Ciphertext = default }])
            _forge.AssertRefused(MlsError.GroupSecretsInvalid, welcome with { Secrets = [welcome.Secrets[0] with { Ciphertext = broken }] });
        foreach (byte[] secrets in (byte[][])[[], [0xff], [0, 2, 0], [0, 0, 0, 0]])
            _forge.AssertRefused(MlsError.GroupSecretsInvalid, _forge.SealSecrets(welcome.EncryptedGroupInfo.ToArray(), secrets));
    }

    [Fact]
    public void Group_secrets_are_as_long_as_the_key_schedule_makes_them()
    {
        foreach (int length in (int[])[0, 1, _world.Suite.HashBytes - 1, _world.Suite.HashBytes + 1])
        {
            using var wrong = new Secret(length);
            _forge.AssertRefused(MlsError.GroupSecretsInvalid, _forge.Make(pathSecret: wrong));
            _forge.AssertRefused(MlsError.GroupSecretsInvalid, _forge.Make(joinerSecret: wrong));
        }
    }

    [Fact]
    public void The_GroupInfo_must_open_and_decode_to_its_last_byte()
    {
        byte[] encrypted = _forge.Make().EncryptedGroupInfo.ToArray();
        byte[] flipped = [.. encrypted];
        flipped[^1] ^= 1;
        foreach (byte[] broken in (byte[][])[flipped, [], new byte[15], new byte[16], encrypted[..^1]])
            _forge.AssertRefused(MlsError.GroupInfoDecryptionFailed, _forge.SealSecrets(broken));
        byte[] info = _forge.Info.Encode();
        _forge.AssertAccepted(_forge.MakeOf(info));
        _forge.AssertRefused(MlsError.GroupInfoDecryptionFailed, _forge.MakeOf([.. info, 0]));
        _forge.AssertRefused(MlsError.GroupInfoDecryptionFailed, _forge.MakeOf(info[..^1]));
        _forge.AssertRefused(MlsError.GroupInfoDecryptionFailed, _forge.MakeOf([]));
    }

    [Fact]
    public void Psks_must_be_known_once_each_and_well_formed()
    {
        byte[] nonce = new byte[_world.Suite.HashBytes];
        PreSharedKeyId known = new PreSharedKeyId.External("known"u8.ToArray(), nonce);
        _world.Psks.Add("known"u8, "shared"u8);
        _forge.AssertAccepted(_forge.Make(psks: [known]));
        _forge.AssertRefused(MlsError.PskUnknown, _forge.Make(psks: [new PreSharedKeyId.External("unknown"u8.ToArray(), nonce)]));
        _forge.AssertRefused(MlsError.DuplicatePsk, _forge.Make(psks: [known, known]));
        _forge.AssertRefused(MlsError.PskNonceInvalid, _forge.Make(psks: [known with { Nonce = nonce.AsMemory(1) }]));
        PreSharedKeyId branch = new PreSharedKeyId.Resumption(ResumptionPskUsage.Branch, "old"u8.ToArray(), 7, nonce);
        PreSharedKeyId reInit = new PreSharedKeyId.Resumption(ResumptionPskUsage.ReInit, "old"u8.ToArray(), 7, nonce);
        _forge.AssertRefused(MlsError.PskUsageInvalid, _forge.Make(psks: [branch, reInit]));
        _world.Psks.Add(branch.Encode(), "resumption"u8);
        _forge.AssertRefused(MlsError.PskUnknown, _forge.Make(psks: [branch])); // Its group must be known, not only its key.
    }

    [Fact]
    public void Psks_in_another_order_than_the_Commits_open_nothing()
    {
        PreSharedKeyId[] ids = [.. new[] { "one", "two" }.Select(name => new PreSharedKeyId.External(Encoding.UTF8.GetBytes(name), new byte[_world.Suite.HashBytes]))];
        _world.Psks.Add("one"u8, "shared"u8);
        _world.Psks.Add("two"u8, "shared too"u8);
        byte[] info = _forge.Make(psks: [ids[0], ids[1]]).EncryptedGroupInfo.ToArray();
        _forge.AssertAccepted(_forge.SealSecrets(info, [ids[0], ids[1]], _forge.PathSecret));
        PreSharedKeyId otherNonce = ids[0] with { Nonce = Enumerable.Repeat((byte)1, _world.Suite.HashBytes).ToArray() };
        foreach (PreSharedKeyId[] others in (PreSharedKeyId[][])[[ids[1], ids[0]], [ids[0]], [otherNonce, ids[1]]])
            _forge.AssertRefused(MlsError.GroupInfoDecryptionFailed, _forge.SealSecrets(info, [.. others], _forge.PathSecret));
    }

    [Fact]
    public void The_GroupInfo_is_signed_by_the_leaf_it_names()
    {
        _forge.AssertRefused(MlsError.GroupInfoSignatureInvalid, _forge.Make(signer: _world[2].Identity.Signer));
        _forge.AssertRefused(MlsError.GroupInfoSignatureInvalid, _forge.Make(changeSignedInfo: static info => info with { Signature = default }));
        foreach (uint signer in (uint[])[2, 7, 8, 1u << 31, uint.MaxValue])
        {
            _forge.AssertRefused(
                MlsError.GroupInfoSignatureInvalid, _forge.Make(changeInfo: info => info with { Signer = new LeafIndex(signer) }));
        }
    }

    [Fact]
    public void The_GroupInfo_is_of_the_KeyPackages_suite() =>
        _forge.AssertRefused(
            MlsError.UnsupportedCipherSuite,
            _forge.Make(changeContext: static context => context with { CipherSuite = CipherSuite.X25519Aes128GcmSha256Ed25519 }));

    [Fact]
    public void The_confirmation_tag_must_fit()
    {
        byte[] tag = _forge.Info.ConfirmationTag.ToArray();
        byte[] flipped = [.. tag];
        flipped[0] ^= 1;
        foreach (byte[] wrong in (byte[][])[[], tag[..1], tag[..^1], [.. tag, 0], flipped])
            _forge.AssertRefused(MlsError.ConfirmationTagInvalid, _forge.Make(changeInfo: info => info with { ConfirmationTag = wrong }));
    }

    [Fact]
    public void A_path_secret_must_give_the_keys_above_us()
    {
        using Secret other = Forge.RandomSecret(_world.Suite);
        _forge.AssertRefused(MlsError.PathKeyMismatch, _forge.Make(pathSecret: other));

        // Nobody is above us and not above us: we cannot have let ourselves in.
        _forge.AssertRefused(
            MlsError.PathKeyMismatch, _forge.Make(changeInfo: info => info with { Signer = _forge.Place }, signer: _forge.Joiner.Identity.Signer));
    }

    [Fact]
    public void A_path_secret_must_be_there_if_the_keys_above_us_are_new()
    {
        _forge.AssertRefused(MlsError.PathSecretMissing, _forge.Make(withPathSecret: false));
        using var withoutPath = new WelcomeForge(_world[1], _world.NewClient(), new CommitOptions { ForcesPath = false });
        withoutPath.AssertAccepted(withoutPath.Make(withPathSecret: false));
    }

    [Fact]
    public void There_must_be_a_tree_and_the_one_in_the_GroupInfo_is_used()
    {
        _forge.AssertRefused(MlsError.RatchetTreeMissing, _forge.Make(withTree: false));
        Extension malformed = new(ExtensionType.RatchetTree, new byte[] { 1, 0 });
        _forge.AssertRefused(MlsError.ExtensionMalformed, _forge.Make(changeInfo: info => info with { Extensions = [malformed] }));
        Extension longer = new(ExtensionType.RatchetTree, (byte[])[.. new RatchetTreeExtension(_forge.Nodes).Encode(), 0]);
        _forge.AssertRefused(MlsError.ExtensionMalformed, _forge.Make(changeInfo: info => info with { Extensions = [longer] }));
        RatchetTreeExtension wrong = new(_forge.Nodes.RemoveRange(1, _forge.Nodes.Length - 1));
        _forge.AssertRefused(MlsError.GroupInfoSignatureInvalid, _forge.Make(withTree: false), wrong);
        _forge.AssertAccepted(_forge.Make(), wrong);
    }

    [Fact]
    public void Unknown_extensions_of_a_GroupInfo_are_ignored()
    {
        Extension unknown = new((ExtensionType)0x0a0a, "grease"u8.ToArray());
        _forge.AssertAccepted(_forge.Make(changeInfo: info => info with { Extensions = [unknown, .. info.Extensions] }));
        Extension misplaced = new(ExtensionType.ApplicationId, default);
        _forge.AssertAccepted(_forge.Make(changeInfo: info => info with { Extensions = [misplaced, .. info.Extensions] }));
    }

    [Fact]
    public void The_groups_extensions_must_have_their_place_and_be_supported_by_us_and_all_members()
    {
        Extension unknown = new((ExtensionType)0xf001, default);
        Extension misplaced = new(ExtensionType.ExternalPub, default);
        Extension malformed = new(ExtensionType.RequiredCapabilities, "x"u8.ToArray());
        _forge.AssertRefused(MlsError.GroupExtensionNotSupported, _forge.Make(changeContext: context => context with { Extensions = [unknown] }));
        _forge.AssertRefused(MlsError.ExtensionMisplaced, _forge.Make(changeContext: context => context with { Extensions = [misplaced] }));
        _forge.AssertRefused(MlsError.ExtensionMalformed, _forge.Make(changeContext: context => context with { Extensions = [malformed] }));
        var required = new RequiredCapabilities([], [], [CredentialType.X509]);
        _forge.AssertRefused(
            MlsError.RequiredCapabilityMissing,
            _forge.Make(changeContext: context => context with { Extensions = [new Extension(ExtensionType.RequiredCapabilities, required.Encode())] }));
    }

    [Fact]
    public void An_external_sender_that_the_application_does_not_believe_keeps_us_out()
    {
        var senders = new ExternalSenders([new ExternalSender(_world[0].Identity.Signer.PublicKey, new Credential.Basic("mallory"u8.ToArray()))]);
        Extension extension = new(ExtensionType.ExternalSenders, senders.Encode());
        _forge.AssertAccepted(_forge.Make(changeContext: context => context with { Extensions = [extension] }));
        _world.Judge.Refused.Add("mallory");
        _forge.AssertRefused(MlsError.CredentialInvalid, _forge.Make(changeContext: context => context with { Extensions = [extension] }));
    }

    [Fact]
    public void A_staged_Welcome_shows_the_group_before_it_is_joined_and_joins_once()
    {
        Client joiner = _world.NewClient();
        KeyPackageBundle bundle = joiner.NewKeyPackage();
        PendingCommit pending = _world[2].Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? message, out _));
        using StagedWelcome staged = StagedWelcome.Stage(_world.Config, joiner.Identity, Assert.IsType<MlsMessage.Welcome>(message).Message, bundle);
        Assert.Equal(_world[2].Index, staged.Signer);
        Assert.Equal(5, staged.Members.Count);
        Assert.Equal(pending.Staged.Context.Encode(), staged.Context.Encode());
        using Group group = staged.Join();
        Assert.Throws<InvalidOperationException>(staged.Join);
    }

    [Fact]
    public void A_KeyPackage_bundle_survives_its_storage()
    {
        Client joiner = _world.NewClient();
        KeyPackageBundle bundle = joiner.NewKeyPackage();
        using KeyPackageBundle restored = KeyPackageBundle.Restore(_world.Config.Crypto, bundle.Serialize());
        Assert.Equal(bundle.Reference.ToArray(), restored.Reference.ToArray());
        PendingCommit pending = _world[2].Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? message, out _));
        using StagedWelcome staged = StagedWelcome.Stage(_world.Config, joiner.Identity, Assert.IsType<MlsMessage.Welcome>(message).Message, restored);
        Assert.Equal(5, staged.Members.Count);
        byte[] serialized = bundle.Serialize();
        Assert.Throws<ArgumentException>(() => KeyPackageBundle.Restore(_world.Config.Crypto, serialized.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => KeyPackageBundle.Restore(_world.Config.Crypto, [.. serialized, 0]));
    }
}
