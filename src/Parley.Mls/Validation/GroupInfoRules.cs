using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Validation;

/// <summary>RFC 9420 §12.4.3.1, §12.4.3.2: the rules for a GroupInfo by which a group is joined, with a Welcome or without one.</summary>
internal static class GroupInfoRules
{
    /// <summary>Checks a GroupInfo and the tree that goes with it.</summary>
    /// <param name="suite">The group's suite.</param>
    /// <param name="config">Policy.</param>
    /// <param name="info">The GroupInfo.</param>
    /// <param name="ratchetTree">The tree, if the GroupInfo does not carry it.</param>
    /// <param name="isSignedBy">Whether the GroupInfo has the signature of a leaf.</param>
    /// <exception cref="MlsException">One of them breaks a rule.</exception>
    public static RatchetTree Check(CryptoSuite suite, GroupConfig config, GroupInfo info, RatchetTreeExtension? ratchetTree, Predicate<LeafNode> isSignedBy)
    {
        RatchetTreeExtension extension = GroupExtensionRules.Decode<RatchetTreeExtension>(info.Extensions, ExtensionType.RatchetTree)
            ?? ratchetTree
            ?? throw new MlsException(MlsError.RatchetTreeMissing);
        RatchetTree tree = RatchetTree.FromExtension(extension);
        MlsException.ThrowIf(tree.LeafAt(info.Signer) is not { } signer || !isSignedBy(signer), MlsError.GroupInfoSignatureInvalid);
        GroupContext context = info.GroupContext;
        AppDataRules.Dictionary(info.Extensions);
        GroupExtensionRules.CheckGroupContext(context.Extensions, config.Authentication);

        // The lifetimes of members who joined long ago may be over: that is no reason to stay out (RFC 9420 §7.3).
        var leafRules = new LeafNodeRules(suite, config, context.GroupId, context.Extensions);
        TreeRules.Check(suite, leafRules, tree, context.TreeHash, now: null, config.ThreadsMax);
        return tree;
    }
}
