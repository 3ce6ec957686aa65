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
    // About what a leaf and the parents above it take in an encoded tree.
    private const int BytesPerMember = 512;

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

    /// <summary>RFC 9420 §12.4.3: the GroupInfo of this epoch, signed.</summary>
    public GroupInfo CreateGroupInfo(LeafIdentity identity, bool withTree, bool withExternalPub, ImmutableArray<Extension> others)
    {
        ImmutableArray<Extension>.Builder extensions = ImmutableArray.CreateBuilder<Extension>();
        if (withTree)
            extensions.Add(new Extension(ExtensionType.RatchetTree, Tree.ToExtension().Encode(capacity: Tree.MemberCount * BytesPerMember)));
        if (withExternalPub)
        {
            using HpkeKeyPair external = KeySchedule.ExternalKeyPair(Suite, Secrets.ExternalSecret);
            extensions.Add(new Extension(ExtensionType.ExternalPub, new ExternalPub(external.PublicKey).Encode()));
        }

        extensions.AddRange(others);
        ImmutableArray<Extension> shown = extensions.ToImmutable();
        if (identity.SendsGrease)
            shown = Grease.Add(Suite.Provider, shown, Grease.ExtensionType(Suite.Provider));
        var unsigned = new GroupInfo(Context, shown, ConfirmationTag, Self, default);
        using var signed = new SignContent(new TlsWriter(unsigned.CapacityHint), "GroupInfoTBS");
        unsigned.WriteToBeSigned(signed.Writer);
        return unsigned with { Signature = signed.Sign(Suite, identity.Signer) };
    }

    public void Dispose()
    {
        PrivateKeys.Dispose();
        Secrets.Dispose();
        MessageSecrets.Dispose();
    }
}
