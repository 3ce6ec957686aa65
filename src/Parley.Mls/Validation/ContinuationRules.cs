using System.Collections.Immutable;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Validation;

/// <summary>RFC 9420 §11.2, §11.3: the rules for a group that continues another, for who makes it and for who joins it.</summary>
internal static class ContinuationRules
{
    /// <summary>Checks a new group, in the epoch that its members join, against the group it says it continues.</summary>
    /// <param name="authentication">Who says which leaves are of the same client.</param>
    /// <param name="former">The old group, as we know it.</param>
    /// <param name="link">The PSK of usage reinit or branch, by which the new group was made.</param>
    /// <param name="context">The new group's state.</param>
    /// <param name="tree">The new group's tree.</param>
    /// <exception cref="MlsException">The new group breaks a rule.</exception>
    public static void Check(
        IAuthenticationService authentication, Group former, PreSharedKeyId.Resumption link, GroupContext context, RatchetTree tree)
    {
        LeafNode[] oldLeaves = [.. former.Members.Select(static member => member.Leaf)];
        LeafNode[] newLeaves = [.. tree.Members().Select(static member => member.Leaf)];
        if (link.Usage == ResumptionPskUsage.ReInit)
        {
            bool fits = link.PskEpoch == former.Epoch && former.ReInit is { } reInit && IsWhatWasProposed(reInit, context);
            MlsException.ThrowIf(!fits, MlsError.ReInitMismatch);
            CheckEach(oldLeaves, newLeaves, authentication.IsSuccessor, MlsError.ReInitMemberMissing);
        }
        else
        {
            // There is one version only, and what decodes is of it.
            MlsException.ThrowIf(context.CipherSuite != former.Context.CipherSuite, MlsError.BranchMismatch);
            CheckEach(newLeaves, oldLeaves, (successor, current) => authentication.IsSuccessor(current, successor), MlsError.BranchMemberUnknown);
        }
    }

    private static bool IsWhatWasProposed(Proposal.ReInit reInit, GroupContext context) =>
        reInit.Version == ProtocolVersion.Mls10
        && reInit.CipherSuite == context.CipherSuite
        && reInit.GroupId.Span.SequenceEqual(context.GroupId.Span)
        && Encode(reInit.Extensions).AsSpan().SequenceEqual(Encode(context.Extensions));

    /// <summary>Each leaf has one of the same client among the others: with the same credential, or else as the application says.</summary>
    private static void CheckEach(LeafNode[] leaves, LeafNode[] others, Func<LeafNode, LeafNode, bool> isSameClient, MlsError error)
    {
        HashSet<KeyBytes> credentials = [.. others.Select(static other => new KeyBytes(other.Credential.Encode()))];
        foreach (LeafNode leaf in leaves)
        {
            bool found = credentials.Contains(new KeyBytes(leaf.Credential.Encode())) || others.Any(other => isSameClient(leaf, other));
            MlsException.ThrowIf(!found, error);
        }
    }

    private static byte[] Encode(ImmutableArray<Extension> extensions)
    {
        var writer = new TlsWriter(256);
        ExtensionList.Write(writer, extensions);
        return writer.ToArray();
    }
}
