using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Framing;

/// <summary>RFC 9420 §6: messages whose frame, tags, signature or encryption break one rule.</summary>
public sealed class FramingRuleTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(3);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Handshakes_are_of_this_group_and_epoch()
    {
        ulong epoch = _world[0].Group.Epoch;
        foreach (WireFormat format in (WireFormat[])[WireFormat.PublicMessage, WireFormat.PrivateMessage])
        {
            Content remove = new Content.ProposalContent(World.RemoveOf(_world[2]));
            _world[1].Refuses(MlsError.WrongGroup, Forge.Send(_world[0], remove, format, static framed => framed with { GroupId = "other"u8.ToArray() }));
            _world[1].Refuses(MlsError.WrongEpoch, Forge.Send(_world[0], remove, format, framed => framed with { Epoch = epoch - 1 }));
            _world[1].Refuses(MlsError.WrongEpoch, Forge.Send(_world[0], remove, format, framed => framed with { Epoch = epoch + 1 }));
            _world[1].Refuses(MlsError.WrongEpoch, Forge.Send(_world[0], remove, format, static framed => framed with { Epoch = ulong.MaxValue }));
        }

        Content application = new Content.Application("x"u8.ToArray());
        _world[1].Refuses(MlsError.WrongEpoch, Forge.Send(_world[0], application, WireFormat.PrivateMessage, framed => framed with { Epoch = epoch + 1 }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void Application_data_in_a_PublicMessage_is_refused()
    {
        MlsMessage message = Forge.Send(_world[0], new Content.Application("x"u8.ToArray()));
        Assert.False(MlsMessage.TryDecode(message.Encode(), out _, out DecodeError error));
        Assert.Equal(DecodeError.ApplicationDataInPublicMessage, error);
        _world[1].Refuses(MlsError.UnexpectedMessage, message);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Messages_that_are_not_a_groups_are_refused()
    {
        var keyPackage = new MlsMessage.KeyPackage(_world.NewClient().NewKeyPackage().KeyPackage);
        Assert.True(MlsMessage.TryDecode(_world[0].Group.CreateGroupInfo(true), out MlsMessage? groupInfo, out _));
        _world[1].Refuses(MlsError.UnexpectedMessage, keyPackage);
        _world[1].Refuses(MlsError.UnexpectedMessage, groupInfo);
        _world[1].Refuses(MlsError.UnexpectedMessage, new MlsMessage.Welcome(new Welcome(World.DefaultSuite, [], default)));
    }

    [Fact]
    public void A_signature_by_another_key_over_another_context_or_another_wire_format_is_refused()
    {
        Content remove = new Content.ProposalContent(World.RemoveOf(_world[2]));
        SignatureKeyPair other = _world[2].Identity.Signer;
        byte[] context = (_world[0].Group.Context with { Epoch = 77 }).Encode();
        foreach (WireFormat format in (WireFormat[])[WireFormat.PublicMessage, WireFormat.PrivateMessage])
        {
            _world[1].Refuses(MlsError.SignatureInvalid, Forge.Send(_world[0], remove, format, signer: other));
            _world[1].Refuses(MlsError.SignatureInvalid, Forge.Send(_world[0], remove, format, context: context));
            _world[1].Refuses(MlsError.SignatureInvalid, Forge.Send(_world[0], remove, format, context: []));
            WireFormat signed = format == WireFormat.PublicMessage ? WireFormat.PrivateMessage : WireFormat.PublicMessage;
            _world[1].Refuses(MlsError.SignatureInvalid, Forge.Seal(_world[0], Forge.Sign(_world[0], remove, signed) with { WireFormat = format }));
        }

        _world[1].Refuses(MlsError.SignatureInvalid, Forge.Send(_world[0], new Content.Application(default), WireFormat.PrivateMessage, signer: other));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_membership_tag_must_be_there_whole_and_right()
    {
        var message = Assert.IsType<MlsMessage.Public>(Forge.Propose(_world[0], World.RemoveOf(_world[2]))).Message;
        byte[] tag = message.MembershipTag!.Value.ToArray();
        byte[] flipped = [.. tag];
        flipped[^1] ^= 1;
        _world[1].Refuses(MlsError.MembershipTagInvalid, new MlsMessage.Public(message with { MembershipTag = null }));
        foreach (byte[] wrong in (byte[][])[[], tag[..1], tag[..^1], [.. tag, 0], flipped])
            _world[1].Refuses(MlsError.MembershipTagInvalid, new MlsMessage.Public(message with { MembershipTag = wrong }));
        Assert.IsType<Received.Proposal>(_world[1].Receive(new MlsMessage.Public(message)));
    }

    [Fact]
    public void A_sender_that_is_no_member_is_refused()
    {
        Content remove = new Content.ProposalContent(World.RemoveOf(_world[2]));
        foreach (uint index in (uint[])[3, 4, 1u << 31, uint.MaxValue])
            _world[1].Refuses(MlsError.SenderNotMember, Forge.Send(_world[0], remove, change: framed => framed with { Sender = new Sender.Member(new LeafIndex(index)) }));
        byte[] plaintext = Forge.PlaintextOf(Forge.Sign(_world[0], new Content.Application(default), WireFormat.PrivateMessage));
        _world[1].Refuses(MlsError.SenderNotMember, Forge.SealRaw(_world[0], ContentType.Application, plaintext, new LeafIndex(3), keysOf: new LeafIndex(3)));
        _world[1].Refuses(MlsError.SenderNotMember, Forge.SealRaw(_world[0], ContentType.Application, plaintext, new LeafIndex(4)));
        _world[1].Refuses(MlsError.SenderNotMember, Forge.SealRaw(_world[0], ContentType.Application, plaintext, new LeafIndex(uint.MaxValue)));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_member_cannot_speak_for_another_though_it_has_its_keys()
    {
        byte[] plaintext = Forge.PlaintextOf(Forge.Sign(
            _world[0], new Content.Application(default), WireFormat.PrivateMessage, framed => framed with { Sender = new Sender.Member(_world[2].Index) }));
        _world[1].Refuses(MlsError.SignatureInvalid, Forge.SealRaw(_world[0], ContentType.Application, plaintext, _world[2].Index, keysOf: _world[2].Index));
        _world[1].Refuses(MlsError.DecryptionFailed, Forge.SealRaw(_world[0], ContentType.Application, plaintext, _world[2].Index));
    }

    [Fact]
    public void Padding_must_be_zero_and_of_any_length()
    {
        byte[] plaintext = Forge.PlaintextOf(Forge.Sign(_world[0], new Content.Application("x"u8.ToArray()), WireFormat.PrivateMessage));
        _world[1].Refuses(MlsError.PaddingInvalid, Forge.SealRaw(_world[0], ContentType.Application, [.. plaintext, 0, 0, 1]));
        _world[1].Refuses(MlsError.PaddingInvalid, Forge.SealRaw(_world[0], ContentType.Application, [.. plaintext, 1, 0, 0]));
        foreach (int length in (int[])[0, 1, 1000])
        {
            MlsMessage padded = Forge.SealRaw(_world[0], ContentType.Application, [.. plaintext, .. new byte[length]]);
            Assert.IsType<Received.Application>(_world[1].Receive(padded));
        }
    }

    [Fact]
    public void Content_that_decrypts_and_does_not_decode_is_refused()
    {
        foreach (byte[] plaintext in (byte[][])[[], [0xc0], [0x40, 0x05], [5, 1], [0]])
            _world[1].Refuses(MlsError.Malformed, Forge.SealRaw(_world[0], ContentType.Application, plaintext));
        _world[1].Refuses(MlsError.Malformed, Forge.SealRaw(_world[0], ContentType.Proposal, [0, 9, 0]));
        _world[1].Refuses(MlsError.Malformed, Forge.SealRaw(_world[0], ContentType.Commit, [3, 9, 9]));
        _world.AssertUnharmed();
    }

    [Fact]
    public void Sender_data_that_does_not_open_is_refused()
    {
        PrivateMessage message = Private(Forge.Send(_world[0], new Content.Application(default), WireFormat.PrivateMessage));
        byte[] senderData = message.EncryptedSenderData.ToArray();
        byte[] flipped = [.. senderData];
        flipped[0] ^= 1;
        byte[] sample = message.Ciphertext.ToArray();
        sample[0] ^= 1; // The keys of the sender data depend on the first bytes of the ciphertext.
        foreach (byte[] wrong in (byte[][])[[], senderData[..^1], [.. senderData, 0], flipped])
            _world[1].Refuses(MlsError.SenderDataDecryptionFailed, new MlsMessage.Private(message with { EncryptedSenderData = wrong }));
        _world[1].Refuses(MlsError.SenderDataDecryptionFailed, new MlsMessage.Private(message with { Ciphertext = sample }));
        _world[1].Refuses(MlsError.SenderDataDecryptionFailed, new MlsMessage.Private(message with { ContentType = ContentType.Proposal }));
        Assert.IsType<Received.Application>(_world[1].Receive(new MlsMessage.Private(message)));
    }

    [Fact]
    public void A_ciphertext_of_any_length_that_is_not_the_senders_is_refused()
    {
        EpochState epoch = _world[0].Epoch();
        foreach (int length in (int[])[0, 1, 15, 16, 17, 31, 32, 33, 100])
        {
            byte[] ciphertext = new byte[length];
            byte[] senderData = Forge.SealSenderData(epoch, new SenderData(epoch.Self, 0, 0), ContentType.Application, ciphertext);
            var message = new PrivateMessage(epoch.Context.GroupId, epoch.Context.Epoch, ContentType.Application, default, senderData, ciphertext);
            _world[1].Refuses(MlsError.DecryptionFailed, new MlsMessage.Private(message));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void Authenticated_data_and_content_are_covered_by_the_encryption()
    {
        byte[] sent = _world[0].Group.Protect("some text"u8, "beside"u8);
        _world[0].Save();
        Assert.True(MlsMessage.TryDecode(sent, out MlsMessage? decoded, out _));
        PrivateMessage message = Private(decoded);
        byte[] flipped = message.Ciphertext.ToArray();
        flipped[^1] ^= 1;
        _world[1].Refuses(MlsError.DecryptionFailed, new MlsMessage.Private(message with { Ciphertext = flipped }));
        _world[1].Refuses(MlsError.DecryptionFailed, new MlsMessage.Private(message with { AuthenticatedData = "besides"u8.ToArray() }));
        Assert.Equal("some text", _world[1].Read(sent));
    }

    [Fact]
    public void Our_own_messages_are_recognised_when_they_come_back()
    {
        _world[0].Refuses(MlsError.OwnMessage, _world[0].Send("mine"));
        byte[] commit = _world[0].Commit().Message.ToArray();
        _world[0].Refuses(MlsError.OwnMessage, commit);
        _world[0].Merge();
        _world[0].Refuses(MlsError.WrongEpoch, commit);
    }

    [Fact]
    public void What_only_claims_to_be_ours_is_not_taken_for_ours()
    {
        Content remove = new Content.ProposalContent(World.RemoveOf(_world[2]));
        var message = Assert.IsType<MlsMessage.Public>(Forge.Send(_world[0], remove)).Message;
        byte[] flipped = message.MembershipTag!.Value.ToArray();
        flipped[^1] ^= 1;
        _world[0].Refuses(MlsError.MembershipTagInvalid, new MlsMessage.Public(message with { MembershipTag = flipped }));
        _world[0].Refuses(MlsError.SignatureInvalid, Forge.Send(_world[0], remove, WireFormat.PublicMessage, signer: _world[2].Identity.Signer));
        _world[0].Refuses(MlsError.OwnMessage, new MlsMessage.Public(message));
    }

    [Fact]
    public void Our_own_proposal_is_taken_up_once_when_it_comes_back()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        foreach (World each in (World[])[world, _world])
        {
            byte[] proposal = each[0].Propose(static group => group.ProposeUpdate());
            Assert.IsType<Received.Proposal>(each[0].Receive(proposal));
            each[0].Refuses(MlsError.OwnMessage, proposal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_proposal_that_we_sent_twice_in_the_same_bytes_is_taken_up_once_whether_we_restart_or_not(bool restarts)
    {
        byte[] first = _world[0].Propose(group => group.Propose(new Proposal.Remove(_world[1].Index), World.Now));
        byte[] second = _world[0].Propose(group => group.Propose(new Proposal.Remove(_world[1].Index), World.Now));
        Assert.Equal(first, second);
        Assert.IsType<Received.Proposal>(_world[0].Receive(first));
        if (restarts)
            _world[0].Restart();
        _world[0].Refuses(MlsError.OwnMessage, second);
    }

    [Fact]
    public void A_PublicMessage_of_a_proposal_may_come_twice()
    {
        byte[] proposal = _world[0].Propose(static group => group.ProposeUpdate());
        _world[1].Receive(proposal);
        Assert.IsType<Received.Proposal>(_world[1].Group.Process(Decoded(proposal), World.Now));
        Assert.Empty(_world[1].Group.TakeWrites());
    }

    [Fact]
    public void What_an_older_copy_of_our_state_has_forgotten_is_opened_and_its_key_is_not_used_again()
    {
        using Group older = OlderCopy(_world[0]);
        byte[] first = _world[0].Send("first");
        MlsMessage proposal = Forge.Send(_world[0], new Content.ProposalContent(World.RemoveOf(_world[1])), WireFormat.PrivateMessage);
        var forgotten = Assert.IsType<Received.Application>(older.Process(Decoded(first), World.Now));
        Assert.Equal(_world[0].Index, forgotten.Sender);
        Assert.Equal("first"u8, forgotten.Data.Span);
        Assert.Equal(_world[0].Index, Assert.IsType<Sender.Member>(Assert.IsType<Received.Proposal>(older.Process(proposal, World.Now)).Queued.Sender).LeafIndex);
        Assert.Equal(MlsError.OwnMessage, Assert.Throws<MlsException>(() => older.Process(Decoded(first), World.Now)).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_Commit_that_an_older_copy_of_our_state_has_forgotten_is_told_apart(bool isPublic)
    {
        using Group older = OlderCopy(_world[0]);
        byte[] commit = _world[0].Commit(new CommitOptions { IsPublic = isPublic }).Message.ToArray();
        Assert.Equal(MlsError.OwnCommitForgotten, Assert.Throws<MlsException>(() => older.Process(Decoded(commit), World.Now)).Error);
        Assert.Empty(older.TakeWrites());
        _world[0].Refuses(MlsError.OwnMessage, commit);
    }

    [Fact]
    public void What_somebody_else_has_signed_is_not_taken_for_what_we_have_forgotten()
    {
        using Group older = OlderCopy(_world[0]);
        Content remove = new Content.ProposalContent(World.RemoveOf(_world[2]));
        MlsMessage forged = Forge.Send(_world[0], remove, WireFormat.PrivateMessage, signer: _world[2].Identity.Signer);
        Assert.Equal(MlsError.SignatureInvalid, Assert.Throws<MlsException>(() => older.Process(forged, World.Now)).Error);
        Assert.Empty(older.TakeWrites());
    }

    [Fact]
    public void Two_messages_sealed_from_one_state_have_different_nonces()
    {
        // RFC 9420 §6.3.1: the reuse guard is what is left after a rollback.
        using Group first = Group.Restore(_world.Config, _world[0].Identity, _world[0].Store.Entries);
        using Group second = Group.Restore(_world.Config, _world[0].Identity, _world[0].Store.Entries);
        SenderData[] sent = [.. new[] { first, second }.Select(group => Forge.OpenSenderData(_world[1].Epoch(), Private(Decoded(group.Protect("text"u8)))))];
        Assert.Equal(sent[0].Generation, sent[1].Generation);
        Assert.NotEqual(sent[0].ReuseGuard, sent[1].ReuseGuard);
    }

    [Fact]
    public void Messages_are_padded_to_lengths_that_say_little()
    {
        int shortest = _world[0].Send("a").Length;
        Assert.Equal(shortest, _world[0].Send(new string('b', 20)).Length);
        HashSet<int> lengths = [.. Enumerable.Range(1, 1000).Select(length => PaddingLength.Of(Padding.Padme, length) + length)];
        Assert.InRange(lengths.Count, 5, 50);
        Assert.All(Enumerable.Range(1, 5000), static length => Assert.InRange(PaddingLength.Of(Padding.Padme, length), 0, Math.Max(128, (length / 8) + 1)));
    }

    private Group OlderCopy(Client client) => Group.Restore(_world.Config, client.Identity, client.Store.Entries);

    private static PrivateMessage Private(MlsMessage message) => Assert.IsType<MlsMessage.Private>(message).Message;

    private static MlsMessage Decoded(byte[] message)
    {
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
        return decoded;
    }
}
