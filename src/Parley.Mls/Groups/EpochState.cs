using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>All that a member knows in one epoch. Only the secret tree changes while the epoch lasts.</summary>
internal sealed class EpochState : PublicGroup, IDisposable
{
    // About what a leaf and the parents above it take in an encoded tree, without their encryption keys.
    private const int BytesPerMember = 448;

    public EpochState(
        CryptoSuite suite,
        GroupContext context,
        RatchetTree tree,
        LeafIndex self,
        TreePrivateKeys privateKeys,
        EpochSecrets secrets,
        SecretTree messageSecrets,
        byte[] interimTranscriptHash,
        byte[] confirmationTag,
        Proposal.ReInit? reInit)
        : base(suite, context, tree, interimTranscriptHash)
    {
        Self = self;
        PrivateKeys = privateKeys;
        Secrets = secrets;
        MessageSecrets = messageSecrets;
        ConfirmationTag = confirmationTag;
        ReInit = reInit;
    }

    public LeafIndex Self { get; }

    public LeafNode OwnLeaf => Tree.LeafAt(Self)!; // A member's own leaf is never blank.

    public TreePrivateKeys PrivateKeys { get; }

    public EpochSecrets Secrets { get; }

    public SecretTree MessageSecrets { get; }

    public byte[] ConfirmationTag { get; }

    /// <summary>The proposal that ended this group, if its last Commit held one (RFC 9420 §12.4.2).</summary>
    public Proposal.ReInit? ReInit { get; }

    /// <summary>RFC 9420 §12.4.3: the GroupInfo of this epoch, not signed yet.</summary>
    public GroupInfo CreateGroupInfo(bool withTree, bool withExternalPub, bool withGrease, ImmutableArray<Extension> others)
    {
        ImmutableArray<Extension>.Builder extensions = ImmutableArray.CreateBuilder<Extension>();
        if (withTree)
        {
            var tree = new TlsWriter(Tree.MemberCount * (BytesPerMember + (2 * OwnLeaf.EncryptionKey.Length)));
            Tree.ToExtension().Write(tree);
            extensions.Add(new Extension(ExtensionType.RatchetTree, tree.Take()));
        }

        if (withExternalPub)
        {
            using HpkeKeyPair external = KeySchedule.ExternalKeyPair(Suite, Secrets.ExternalSecret);
            extensions.Add(new Extension(ExtensionType.ExternalPub, new ExternalPub(external.PublicKey).Encode()));
        }

        extensions.AddRange(others);
        ImmutableArray<Extension> shown = extensions.ToImmutable();
        if (withGrease)
            shown = Grease.Add(Suite.Provider, shown, Grease.ExtensionType(Suite.Provider));
        return new GroupInfo(Context, shown, ConfirmationTag, Self, default);
    }

    public void Dispose()
    {
        PrivateKeys.Dispose();
        Secrets.Dispose();
        MessageSecrets.Dispose();
    }
}
