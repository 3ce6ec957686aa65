using Parley.Mls;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>
/// Groups with members of ours and of ts-mls, an implementation in another language by other people: whoever commits, after every epoch
/// all agree on epoch authenticator and tree hash, and everybody reads what everybody says.
/// </summary>
public sealed class MixedGroupTests
{
    private const CipherSuite DefaultSuite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;

    [Theory]
    [InlineData(DefaultSuite, WireFormat.PrivateMessage, 12, 25, 1)]
    [InlineData(DefaultSuite, WireFormat.PublicMessage, 12, 25, 2)]
    [InlineData(DefaultSuite, WireFormat.PrivateMessage, 5, 40, 3)]
    [InlineData(CipherSuite.X25519Aes128GcmSha256Ed25519, WireFormat.PrivateMessage, 12, 15, 4)]
    [InlineData(CipherSuite.X25519Aes128GcmSha256Ed25519, WireFormat.PublicMessage, 12, 15, 5)]
    [InlineData(CipherSuite.P256Aes128GcmSha256P256, WireFormat.PrivateMessage, 12, 10, 6)]
    [InlineData(CipherSuite.P256Aes128GcmSha256P256, WireFormat.PublicMessage, 12, 10, 7)]
    [InlineData(CipherSuite.P521Aes256GcmSha512P521, WireFormat.PrivateMessage, 12, 5, 8)]
    [InlineData(CipherSuite.P384Aes256GcmSha384P384, WireFormat.PublicMessage, 12, 5, 9)]
    [InlineData(CipherSuite.X448Aes256GcmSha512Ed448, WireFormat.PrivateMessage, 12, 5, 10)]
    [InlineData(CipherSuite.X448ChaCha20Poly1305Sha512Ed448, WireFormat.PublicMessage, 12, 5, 11)]
    public void Members_of_both_kinds_agree_after_every_epoch(CipherSuite suite, WireFormat handshakeFormat, int membersMax, int epochs, int seed)
    {
        Assert.SkipUnless(ParleyMember.Supports(suite), $"Suite {(int)suite} is not built.");
        using TsPeer peer = StartPeer();
        using var group = new MixedGroup(peer, suite, handshakeFormat, membersMax, seed);
        for (int i = 0; i < epochs; i++)
            group.PlayEpoch();
        TestContext.Current.TestOutputHelper?.WriteLine($"suite {(int)suite}, {handshakeFormat}s, seed {seed}, {epochs} epochs: {group.Tally}");
        Assert.True(group.Tally is { OurCommits: > 0, TheirCommits: > 0, OurJoins: > 0, TheirJoins: > 0, ByReference: > 0 });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Ts_mls_derives_on_to_a_root_that_is_filtered_out(bool committerIsOurs)
    {
        using TsPeer peer = StartPeer();
        using var ours = new ParleyMember("parley", DefaultSuite, WireFormat.PublicMessage);
        var theirs = new TsMember(peer, "ts-mls", DefaultSuite, WireFormat.PublicMessage);
        MixedMember committer = committerIsOurs ? ours : theirs;
        MixedMember receiver = committerIsOurs ? theirs : ours;
        MixedMember[] left = [new TsMember(peer, "left", DefaultSuite, WireFormat.PublicMessage), new TsMember(peer, "second", DefaultSuite, WireFormat.PublicMessage)];
        left[0].Create("group"u8.ToArray());
        Change[] adds = [.. new[] { left[1], committer, receiver }.Select(static joiner => new Change.Add(joiner.NewKeyPackage()))];
        MadeCommit made = left[0].Commit(new CommitOrder(adds, ForcesPath: false, TreeInside: true));
        Assert.Null(committer.TryJoin(made.Welcome!, null)); // Clients were added, so there is a Welcome.
        Assert.Null(receiver.TryJoin(made.Welcome!, null)); // As above.

        // One left in the left half, and the root has its place in the path; none, and it has not.
        Assert.False(TsDepartures.DerivesOnToRoot([0, 1, 2, 3], [0], 0));
        Assert.Null(receiver.TryProcess(committer.Commit(Removing(0)).Message));
        Assert.Equal(committer.Status with { Leaf = 3 }, receiver.Status);
        Assert.True(TsDepartures.DerivesOnToRoot([1, 2, 3], [1], 0));
        string? refusal = receiver.TryProcess(committer.Commit(Removing(1)).Message);
        Assert.Equal(committerIsOurs ? "Could not verify confirmation tag" : nameof(MlsError.ConfirmationTagInvalid), refusal);
    }

    private static CommitOrder Removing(uint leaf) => new([new Change.Remove(leaf)], ForcesPath: false, TreeInside: true);

    private static TsPeer StartPeer()
    {
        TsPeer peer = TsPeer.Start();
        peer.Ask(new { op = "psk", id = Convert.ToHexString(MixedMember.PskId), secret = Convert.ToHexString(MixedMember.PskSecret) });
        return peer;
    }
}
