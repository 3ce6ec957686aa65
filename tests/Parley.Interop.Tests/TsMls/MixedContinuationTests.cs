using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>RFC 9420 §11.2, §11.3: groups that continue a mixed one, whoever ends the old group and whoever makes the new one.</summary>
public sealed class MixedContinuationTests : IDisposable
{
    private const CipherSuite Suite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;
    private const CipherSuite NextSuite = CipherSuite.P256Aes128GcmSha256P256;

    private readonly TsPeer _peer = TsPeer.Start();
    private readonly MixedMember[] _members;
    private readonly List<MixedMember> _successors = [];

    public MixedContinuationTests()
    {
        _members = [New("ada", isOurs: true), New("bob", isOurs: false), New("cleo", isOurs: true), New("dan", isOurs: false)];
        Gathering.Gather(_members);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_group_is_reinitialized_in_another_suite(bool committerIsOurs, bool creatorIsOurs)
    {
        byte[] groupId = "next"u8.ToArray();
        Gathering.Commit(First(_members, committerIsOurs), _members, new Change.ReInit(groupId, NextSuite));
        _successors.AddRange(_members.Select(static member => member.Successor(NextSuite)));
        Continue(First(_successors, creatorIsOurs), isBranch: false, groupId);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Some_of_the_members_branch_off(bool creatorIsOurs)
    {
        _successors.AddRange(_members.Skip(1).Select(static member => member.Successor(Suite)));
        Continue(First(_successors, creatorIsOurs), isBranch: true, "branch"u8.ToArray());
        Gathering.Commit(_members[0], _members); // The old group goes on.
    }

    public void Dispose()
    {
        foreach (IDisposable member in _members.Concat(_successors).OfType<IDisposable>())
            member.Dispose();
        _peer.Dispose();
    }

    private static MixedMember First(IEnumerable<MixedMember> members, bool isOurs) => members.First(member => member is ParleyMember == isOurs);

    private MixedMember New(string name, bool isOurs) =>
        isOurs ? new ParleyMember(name, Suite, WireFormat.PrivateMessage) : new TsMember(_peer, name, Suite, WireFormat.PrivateMessage);

    private void Continue(MixedMember creator, bool isBranch, byte[] groupId)
    {
        MixedMember[] joiners = [.. _successors.Where(successor => successor != creator)];
        MadeCommit made = creator.Continue(isBranch, groupId, [.. joiners.Select(static joiner => joiner.NewKeyPackage())]);
        foreach (MixedMember joiner in joiners)
            Assert.Null(joiner.TryJoin(made.Welcome!, made.RatchetTree)); // Clients were added, so there is a Welcome.
        Gathering.AssertAgreement(_successors);
        Gathering.Commit(joiners[0], _successors);
        Gathering.AssertTalk(_successors);
    }
}
