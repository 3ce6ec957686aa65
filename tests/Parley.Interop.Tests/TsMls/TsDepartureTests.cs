using Parley.Mls;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>Where ts-mls 1.6.4 departs from RFC 9420, so that what the mixed groups leave out or work around is no more than that.</summary>
public sealed class TsDepartureTests : IDisposable
{
    private const CipherSuite Suite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;

    private readonly TsPeer _peer = TsPeer.Start();
    private readonly ParleyMember _ours = new("parley", Suite, WireFormat.PublicMessage);
    private readonly TsMember _theirs;

    public TsDepartureTests() => _theirs = New("ts-mls");

    // RFC 9420 §7.4, §12.4.2. FilteredRootTests of Parley.Mls.Tests derives the epoch by the RFC's text from this shape.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Ts_mls_derives_on_to_a_root_that_is_filtered_out(bool committerIsOurs)
    {
        MixedMember committer = committerIsOurs ? _ours : _theirs;
        MixedMember receiver = committerIsOurs ? _theirs : _ours;
        Gathering.Gather(New("left"), New("second"), committer, receiver);

        // One left in the left half, and the root has its place in the path; none, and it has not.
        Assert.False(TsDepartures.DerivesOnToRoot([0, 1, 2, 3], [0], 0));
        Gathering.Commit(committer, [committer, receiver], new Change.Remove(0));
        Assert.True(TsDepartures.DerivesOnToRoot([1, 2, 3], [1], 0));
        string? refusal = receiver.TryProcess(committer.Commit(Order(new Change.Remove(1))).Message);
        Assert.Equal(committerIsOurs ? "Could not verify confirmation tag" : nameof(MlsError.ConfirmationTagInvalid), refusal);
    }

    // RFC 9420 §12.4.3.2: external_pub holds an HPKEPublicKey, which is a vector.
    [Fact]
    public void Ts_mls_writes_and_reads_an_external_pub_without_its_length()
    {
        Gathering.Gather(_theirs, _ours);
        Invitation bare = _theirs.Invite(isBare: true);
        using var joiner = new ParleyMember("joiner", Suite, WireFormat.PublicMessage);
        Assert.Equal(nameof(MlsError.ExtensionMalformed), joiner.TryCommitExternally(bare.GroupInfo, bare.RatchetTree, replacesFormer: false, null, out _));

        TsMember other = New("other");
        other.NewKeyPackage();
        Invitation ours = _ours.Invite();
        Assert.NotNull(other.TryCommitExternally(ours.GroupInfo, ours.RatchetTree, replacesFormer: false, isBare: true, out _));
        Assert.Null(other.TryCommitExternally(ours.GroupInfo, ours.RatchetTree, replacesFormer: false, isBare: false, out _));
    }

    // RFC 9420 §12.4: a GroupContextExtensions needs a path; §12.4.1: which is encrypted in the GroupContext with the new extensions.
    [Fact]
    public void Ts_mls_cannot_commit_to_GroupContextExtensions()
    {
        MixedMember removed = New("removed");
        Gathering.Gather(_theirs, _ours, removed);
        var extension = new Change.Extension([1, 2, 3]);
        Assert.Equal(nameof(MlsError.PathMissing), _ours.TryProcess(_theirs.Commit(Order(extension)).Message));
        Assert.Equal(nameof(MlsError.PathDecryptionFailed), _ours.TryProcess(_theirs.Commit(Order(extension, new Change.Remove(2))).Message));
        Gathering.Commit(_ours, [_ours, _theirs, removed], extension);
    }

    // RFC 9420 §12.1.8.1: external_senders holds a list of senders.
    [Fact]
    public void Ts_mls_does_not_read_a_list_of_external_senders()
    {
        using var founder = new ParleyMember("founder", Suite, WireFormat.PublicMessage) { HasExternalSender = true };
        founder.Create("group"u8.ToArray());
        MadeCommit made = founder.Commit(Order(new Change.Add(_theirs.NewKeyPackage()), new Change.Add(_ours.NewKeyPackage())));
        Assert.Null(_theirs.TryJoin(made.Welcome!, null)); // It adds two.
        Assert.Null(_ours.TryJoin(made.Welcome!, null));
        founder.Merge();
        byte[] proposal = founder.ProposeFromOutside(new Change.Remove(_theirs.Status.Leaf));
        Assert.Equal("Could not decode ExternalSender", _theirs.TryProcess(proposal));
        Assert.Null(_ours.TryProcess(proposal));
    }

    public void Dispose()
    {
        _ours.Dispose();
        _peer.Dispose();
    }

    private static CommitOrder Order(params Change[] changes) => new(changes, ForcesPath: false, TreeInside: true);

    private TsMember New(string name) => new(_peer, name, Suite, WireFormat.PublicMessage);
}
