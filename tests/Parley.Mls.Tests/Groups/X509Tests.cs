using System.Security.Cryptography.X509Certificates;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §5.3: members with X.509 certificates.</summary>
public sealed class X509Tests : IDisposable
{
    private readonly CertificateAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(CipherSuite.P256Aes128GcmSha256P256)]
    [InlineData(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519)]
    public void Members_show_certificates_that_the_application_judges(CipherSuite suite)
    {
        using World world = NewWorld(suite);
        world.Judge.AcceptsChain = _authority.IsTrusted;
        Client creator = NewMember(world);
        creator.Create();
        world.Members.Add(creator);
        world.Commit(creator, World.AddOf(NewMember(world)), World.AddOf(NewMember(world)));
        world.Commit(world[2]);
        world.AssertTalk();

        using var stranger = new CertificateAuthority();
        Client untrusted = world.NewClient(certify: signer => stranger.Issue(KeyOf(world, signer.PublicKey)));
        creator.CannotCommit(MlsError.CredentialInvalid, new CommitOptions { Proposals = [World.AddOf(untrusted)] });
        world[1].Refuses(MlsError.CredentialInvalid, Forge.Commit(creator, World.AddOf(untrusted)));
        world.AssertUnharmed();
    }

    [Theory]
    [InlineData(CipherSuite.P256Aes128GcmSha256P256)]
    [InlineData(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519)]
    public void The_first_certificate_holds_the_leafs_signature_key(CipherSuite suite)
    {
        using World world = NewWorld(suite);
        Client creator = NewMember(world);
        creator.Create();
        world.Members.Add(creator);
        world.Commit(creator, World.AddOf(NewMember(world)), World.AddOf(NewMember(world)));
        ReadOnlyMemory<byte> key = creator.Identity.Signer.PublicKey;
        Credential.X509 own = _authority.Issue(KeyOf(world, key));
        PublicKey inAnotherForm = suite == CipherSuite.P256Aes128GcmSha256P256
            ? CertificateAuthority.P256((byte[])[(byte)(2 + (key.Span[^1] & 1)), .. key.Span[1..33]])
            : CertificateAuthority.Key(key, "1.3.101.110", null);
        Credential.X509[] wrong =
        [
            _authority.Issue(KeyOf(world, world[1].Identity.Signer.PublicKey)),
            _authority.Issue(inAnotherForm),
            _authority.Issue(CertificateAuthority.Key(key, "1.2.840.10045.2.1", "1.3.132.0.34")),
            new Credential.X509([own.Certificates[1], own.Certificates[0]]),
            new Credential.X509([]),
            new Credential.X509([default]),
            new Credential.X509([(byte[])[.. own.Certificates[0].Span, 0]]),
            new Credential.X509([own.Certificates[0], new byte[X509Rules.CertificateBytesMax + 1]]),
        ];
        foreach (Credential.X509 credential in wrong)
        {
            LeafNode With(LeafNode leaf) => leaf with { Credential = credential };
            world[1].Refuses(MlsError.CertificateInvalid, Forge.CommitWithLeaf(creator, With));
            world[1].Refuses(MlsError.CertificateInvalid, Forge.Propose(creator, new Proposal.Update(Forge.UpdateLeaf(creator, With))));
            Client joiner = NewMember(world);
            creator.CannotCommit(MlsError.CertificateInvalid, new CommitOptions { Proposals = [new Proposal.Add(Forge.KeyPackage(joiner, With))] });
        }

        Client member = NewMember(world);
        KeyPackage largest = Forge.KeyPackage(member, leaf => leaf with
        {
            Credential = new Credential.X509([((Credential.X509)leaf.Credential).Certificates[0], new byte[X509Rules.CertificateBytesMax]]),
        });
        creator.Commit(new CommitOptions { Proposals = [new Proposal.Add(largest)] });
        creator.Clear();
        world.AssertUnharmed();
    }

    [Fact]
    public void A_certificate_that_is_cut_short_or_changed_is_refused_or_still_holds_the_key()
    {
        using World world = NewWorld(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519);
        Client member = NewMember(world);
        member.Create();
        LeafNode leaf = member.Group.Members.Single().Leaf;
        byte[] certificate = ((Credential.X509)leaf.Credential).Certificates[0].ToArray();
        int refused = 0;
        for (int i = 0; i < certificate.Length; i++)
        {
            Assert.False(IsAccepted(certificate[..i]));
            byte[] changed = [.. certificate];
            changed[i] ^= 0x40;
            refused += IsAccepted(changed) ? 0 : 1;
        }

        Assert.InRange(refused, 32, certificate.Length - 1);

        bool IsAccepted(byte[] first)
        {
            try
            {
                X509Rules.Check(SignatureAlgorithm.Ed25519, leaf with { Credential = new Credential.X509([first]) });
                return true;
            }
            catch (MlsException broken)
            {
                Assert.Equal(MlsError.CertificateInvalid, broken.Error);
                return false;
            }
        }
    }

    private static World NewWorld(CipherSuite suite) => new(suite)
    {
        HandshakeFormat = WireFormat.PublicMessage,
        Capabilities = World.DefaultCapabilities with { Credentials = [CredentialType.X509] },
    };

    private static PublicKey KeyOf(World world, ReadOnlyMemory<byte> key) =>
        world.Suite.Parameters.Signature == SignatureAlgorithm.Ed25519 ? CertificateAuthority.Ed25519(key) : CertificateAuthority.P256(key);

    private Client NewMember(World world) => world.NewClient(certify: signer => _authority.Issue(KeyOf(world, signer.PublicKey)));
}
