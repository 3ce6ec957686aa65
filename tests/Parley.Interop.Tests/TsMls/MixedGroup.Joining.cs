using System.Text;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Interop.Tests.TsMls;

/// <content>Ways into the group.</content>
internal sealed partial class MixedGroup
{
    /// <summary>
    /// RFC 9420 §12.4.3.2: somebody joins by an external Commit, or a member takes the place of its former self by one ("resync") and is
    /// returned.
    /// </summary>
    private MixedMember? JoinFromOutside()
    {
        // Each of the four ways has its turn, so that a short history has them, too.
        bool isOurs = _outsideCount % 2 == 0;
        bool isResync = _outsideCount % 4 >= 2 || _members.Count >= _membersMax;
        _outsideCount++;
        MixedMember? former = isResync ? Pick(member => member is ParleyMember == isOurs) : null;
        MixedMember joiner = former ?? NewClient(isOurs);
        if (former is null)
            joiner.NewKeyPackage();
        Invitation invitation = Pick(member => member != former)!.Invite(); // There are two members at least.
        RatchetTreeExtension tree = Decoded(invitation.RatchetTree);
        Change.Psk? psk = _random.Next(2) == 0 ? NewPsk() : null;
        string? refusal = joiner.TryCommitExternally(invitation.GroupInfo, invitation.RatchetTree, former is not null, psk, out byte[]? commit);
        if (joiner is TsMember && TsDepartures.RefusesTree(tree))
        {
            Assert.Equal(TsDepartures.TreeRefusal, refusal);
            Tally.LeftOut++;
            return null;
        }

        Assert.Null(refusal);
        foreach (MixedMember member in _members.Where(member => member != former))
            Assert.Null(member.TryProcess(commit!)); // Made, as it was not refused.
        joiner.Merge();
        if (former is null)
            _members.Add(joiner);
        _leaves[joiner] = joiner.Status.Leaf;
        Tally.JoinedFromOutside(joiner, former is not null);
        AssertAgreement();
        return former;
    }

    private void Join(MixedMember joiner, MadeCommit made, RatchetTreeExtension tree, bool treeInside)
    {
        string? refusal = joiner.TryJoin(made.Welcome!, treeInside ? null : made.RatchetTree); // There is a joiner, so there is a Welcome.
        if (joiner is TsMember && TsDepartures.RefusesTree(tree))
        {
            Assert.Equal(TsDepartures.TreeRefusal, refusal);
            _leftOut.Add(LeafOf(joiner, tree));
            Tally.LeftOut++;
            return;
        }

        Assert.Null(refusal);
        _leaves.Add(joiner, joiner.Status.Leaf);
        _members.Add(joiner);
        Tally.Joined(joiner, treeInside);
    }

    private static RatchetTreeExtension Decoded(byte[] tree)
    {
        Assert.True(Tls.TryDecode(tree, out RatchetTreeExtension? decoded, out DecodeError error), $"{error}");
        return decoded;
    }

    private static uint LeafOf(MixedMember client, RatchetTreeExtension tree)
    {
        byte[] identity = Encoding.UTF8.GetBytes(client.Name);
        for (int i = 0; i < tree.Nodes.Length; i += 2)
        {
            if (tree.Nodes[i] is Node.Leaf { LeafNode.Credential: Credential.Basic basic } && basic.Identity.Span.SequenceEqual(identity))
                return (uint)i / 2;
        }

        throw new InvalidOperationException("The client was not added.");
    }
}
