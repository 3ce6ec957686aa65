using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// RFC 9420 §5: every signature, ciphertext and reference is bound to what it was made for, so that none of them can be used for something else.
/// </summary>
public sealed class CryptographyRuleTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(4).Filled();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_signature_under_another_label_is_refused()
    {
        Content remove = new Content.ProposalContent(World.RemoveOf(_world[2]));
        foreach (string label in (string[])["", "LeafNodeTBS", "framedContentTBS", "FramedContentTBS "])
        {
            _world[1].Refuses(MlsError.SignatureInvalid, Forge.Seal(_world[0], Forge.Sign(_world[0], remove, label: label)));
            _world[1].Refuses(MlsError.SignatureInvalid, new ForgedCommit(_world[0]) { Label = label }.Make());
        }

        _world[1].Refuses(MlsError.LeafSignatureInvalid, new ForgedCommit(_world[0]) { LeafLabel = "FramedContentTBS" }.Make());
        KeyPackage(MlsError.KeyPackageSignatureInvalid, Forge.KeyPackage(_world.NewClient(), label: "LeafNodeTBS"));
        Client joiner = _world.NewClient();
        KeyPackage(MlsError.LeafSignatureInvalid, Forge.KeyPackage(joiner, change: package => package with
        {
            LeafNode = Forge.Resign(joiner, package.LeafNode, _world.GroupId, default, label: "KeyPackageTBS"),
        }));
        using var forge = new WelcomeForge(_world[0], _world.NewClient());
        forge.AssertRefused(MlsError.GroupInfoSignatureInvalid, forge.Make(label: "FramedContentTBS"));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_ciphertext_under_another_label_or_context_is_refused()
    {
        _world[1].Refuses(MlsError.PathDecryptionFailed, new ForgedCommit(_world[0]) { PathLabel = "Welcome" }.Make());
        byte[] zeros = new byte[_world.Suite.HashBytes];

        // RFC 9420 §12.4.2: the provisional GroupContext, with the new epoch, tree and extensions and the old transcript.
        foreach (Func<GroupContext, GroupContext> change in (Func<GroupContext, GroupContext>[])[
            static context => context with { Epoch = context.Epoch - 1 },
            static context => context with { GroupId = "another"u8.ToArray() },
            context => context with { TreeHash = _world[0].Group.Context.TreeHash },
            context => context with { ConfirmedTranscriptHash = zeros },
            static context => context with { Extensions = [new((Messages.Extensions.ExtensionType)0xf001, default)] }])
        {
            _world[1].Refuses(MlsError.PathDecryptionFailed, new ForgedCommit(_world[0]) { ChangesPathContext = change }.Make());
        }

        using var forge = new WelcomeForge(_world[0], _world.NewClient());
        Welcome welcome = forge.Make();
        byte[] info = welcome.EncryptedGroupInfo.ToArray();
        byte[] secrets = forge.OpenSecrets(welcome);
        forge.AssertAccepted(forge.SealSecrets(info, secrets));
        forge.AssertRefused(MlsError.GroupSecretsInvalid, forge.SealSecrets(info, secrets, label: "UpdatePathNode"));
        forge.AssertRefused(MlsError.GroupSecretsInvalid, forge.SealSecrets(info, secrets, context: []));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_reference_under_another_label_names_nothing()
    {
        AuthenticatedContent proposal = Forge.Sign(_world[2], new Content.ProposalContent(World.RemoveOf(_world[3])));
        _world[1].Receive(Forge.Seal(_world[2], proposal));
        byte[] reference = _world.Suite.RefHash(CryptoSuite.KeyPackageReferenceLabel, proposal.Encode());
        _world[1].Refuses(MlsError.UnknownProposalReference, Forge.Commit(_world[0], new Commit([new ProposalOrRef.ByReference(reference)], null)));
        reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, proposal.Content.Encode());
        _world[1].Refuses(MlsError.UnknownProposalReference, Forge.Commit(_world[0], new Commit([new ProposalOrRef.ByReference(reference)], null)));
        using var forge = new WelcomeForge(_world[0], _world.NewClient());
        Welcome welcome = forge.Make();
        reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, forge.KeyPackage.Encode());
        forge.AssertRefused(MlsError.WelcomeNotForUs, welcome with { Secrets = [welcome.Secrets[0] with { NewMember = reference }] });
    }

    [Fact]
    public void A_leaf_with_a_key_of_another_signature_algorithm_is_refused()
    {
        var other = new CryptoSuite(Suites.Provider, CipherSuite.P256Aes128GcmSha256P256);
        using var signer = SignatureKeyPair.Generate(Suites.Provider, other.Parameters.Signature);
        _world[1].Refuses(
            MlsError.LeafSignatureInvalid,
            new ForgedCommit(_world[0])
            {
                ChangesLeaf = leaf => leaf with { SignatureKey = signer.PublicKey },
                ChangesSignedLeaf = leaf => leaf with { Signature = signer.Sign(other, "LeafNodeTBS", leaf.EncodeToBeSigned(_world.GroupId, _world[0].Index)) },
            }.Make());
        KeyPackage(
            MlsError.KeyPackageSuiteMismatch,
            Forge.KeyPackage(_world.NewClient(), change: static package => package with { CipherSuite = CipherSuite.P256Aes128GcmSha256P256 }));
        _world.AssertUnharmed();
    }

    private void KeyPackage(MlsError expected, Messages.KeyPackages.KeyPackage keyPackage) =>
        _world[1].Refuses(expected, Forge.Commit(_world[0], new Proposal.Add(keyPackage)));
}
