using System.Collections.Immutable;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// What the hybrid suite's KEM adds to the rules: keys of ML-KEM have a form (FIPS 203 §7.2), and its ciphertexts are never refused by
/// themselves (§6.3), so that what was altered must fail further on, with the errors of every other suite and without any trace.
/// </summary>
public sealed class HybridSuiteRuleTests : IDisposable
{
    private const int MlKemPublicKeyBytes = 1184;
    private const int MlKemCiphertextBytes = 1088;

    private readonly World _world = new World(CipherSuite.XWingChaCha20Poly1305Sha256Ed25519) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(4).Filled();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_key_that_nobody_can_encrypt_to_is_refused()
    {
        Client joiner = _world.NewClient();
        byte[] genuine = Forge.KeyPackage(joiner).InitKey.ToArray();
        byte[] notReduced = [.. genuine];
        (notReduced[0], notReduced[1]) = (0xff, 0xff);
        byte[] smallOrder = [.. genuine];
        smallOrder.AsSpan(MlKemPublicKeyBytes).Clear();
        foreach (byte[] key in (byte[][])[[], genuine[1..], [.. genuine, 0], new byte[32], notReduced, smallOrder])
        {
            AddRefused(Forge.KeyPackage(joiner, leaf => leaf with { EncryptionKey = key }));
            AddRefused(Forge.KeyPackage(joiner, change: package => package with { InitKey = key }));
            _world[1].Refuses(MlsError.HpkeKeyInvalid, Forge.CommitWithLeaf(_world[0], leaf => leaf with { EncryptionKey = key }));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void An_altered_kem_output_of_a_path_is_refused_wherever_it_was_altered()
    {
        foreach (Func<byte[], byte[]> alter in Alterations())
            _world[1].Refuses(MlsError.PathDecryptionFailed, new ForgedCommit(_world[0]) { ChangesCommit = commit => WithKemOutputs(commit, alter) }.Make());
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_altered_kem_output_of_a_Welcome_is_refused_wherever_it_was_altered()
    {
        using var forge = new WelcomeForge(_world[0], _world.NewClient());
        Welcome welcome = forge.Make();
        foreach (Func<byte[], byte[]> alter in Alterations())
        {
            forge.AssertRefused(MlsError.GroupSecretsInvalid, welcome with
            {
                Secrets = [.. welcome.Secrets.Select(secrets => secrets with { Ciphertext = Altered(secrets.Ciphertext, alter) })],
            });
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void An_altered_kem_output_of_an_external_Commit_is_refused()
    {
        foreach ((MlsError expected, Func<byte[], byte[]> alter) in ((MlsError, Func<byte[], byte[]>)[])[
            (MlsError.ExternalInitInvalid, static output => output[1..]),
            (MlsError.ExternalInitInvalid, static output => [.. output[..MlKemCiphertextBytes], .. new byte[32]]),
            // Another init secret, and so another epoch than the joiner's.
            (MlsError.ConfirmationTagInvalid, static output => Flipped(output, 0))])
        {
            Client joiner = _world.NewClient();
            _world[2].Refuses(expected, Forge.ExternalCommit(joiner, _world[0].Group.CreateGroupInfo(true), commit => commit with
            {
                Proposals = [.. commit.Proposals.Select(proposal => proposal is ProposalOrRef.ByValue { Proposal: Proposal.ExternalInit init }
                    ? new ProposalOrRef.ByValue(new Proposal.ExternalInit(alter(init.KemOutput.ToArray())))
                    : proposal)],
            }));
        }

        _world.AssertUnharmed();
    }

    private static IEnumerable<Func<byte[], byte[]>> Alterations() =>
    [
        static output => [],
        static output => output[1..],
        static output => [.. output, 0],
        static output => new byte[output.Length],
        static output => Flipped(output, 0),
        static output => Flipped(output, MlKemCiphertextBytes - 1),
        static output => Flipped(output, MlKemCiphertextBytes),
    ];

    private static byte[] Flipped(byte[] bytes, int position)
    {
        byte[] flipped = [.. bytes];
        flipped[position] ^= 1;
        return flipped;
    }

    private static HpkeCiphertext Altered(HpkeCiphertext ciphertext, Func<byte[], byte[]> alter) =>
        ciphertext with { KemOutput = alter(ciphertext.KemOutput.ToArray()) };

    private static Commit WithKemOutputs(Commit commit, Func<byte[], byte[]> alter)
    {
        UpdatePath path = commit.Path ?? throw new InvalidOperationException("The Commit has a path.");
        ImmutableArray<UpdatePathNode> nodes = [.. path.Nodes.Select(node => node with
        {
            EncryptedPathSecret = [.. node.EncryptedPathSecret.Select(ciphertext => Altered(ciphertext, alter))],
        })];
        return commit with { Path = path with { Nodes = nodes } };
    }

    private void AddRefused(KeyPackage keyPackage)
    {
        _world[1].Refuses(MlsError.HpkeKeyInvalid, Forge.Commit(_world[0], new Proposal.Add(keyPackage)));
        _world[1].CannotCommit(MlsError.HpkeKeyInvalid, new() { Proposals = [new Proposal.Add(keyPackage)] });
    }
}
