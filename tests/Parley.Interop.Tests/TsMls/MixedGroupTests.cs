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

    // In a history as long as this everything happens that can.
    private const int LongEpochs = 40;

    // Where there is seldom room for one more, few are added by reference.
    private const int SmallMembersMax = 5;

    [Theory]
    [InlineData(DefaultSuite, WireFormat.PrivateMessage, 12, 40, 1)]
    [InlineData(DefaultSuite, WireFormat.PublicMessage, 12, 40, 2)]
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
        using TsPeer peer = TsPeer.Start();
        using var group = new MixedGroup(peer, suite, handshakeFormat, membersMax, seed);
        for (int i = 0; i < epochs; i++)
            group.PlayEpoch();
        TestContext.Current.TestOutputHelper?.WriteLine($"suite {(int)suite}, {handshakeFormat}s, seed {seed}, {epochs} epochs: {group.Tally}");
        Assert.True(group.Tally is { OurCommits: > 0, TheirCommits: > 0 });
        if (epochs >= LongEpochs)
            group.Tally.AssertHasAll();
        if (epochs >= LongEpochs && membersMax > SmallMembersMax)
            Assert.True(group.Tally is { OurNewcomers: > 0, TheirNewcomers: > 0 });
    }
}
