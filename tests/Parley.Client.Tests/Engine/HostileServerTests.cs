using System.Collections.Immutable;
using CsCheck;
using Google.Protobuf;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Client.Tests.Engine;

/// <summary>What a server, or a member, that does not keep to the rules can do to a client: nothing that goes unsaid.</summary>
public sealed class HostileServerTests : IDisposable
{
    private readonly EngineFixture _fixture = new();
    private readonly TestDevice _alice;
    private readonly TestDevice _bob;
    private readonly ConversationId _conversation;

    public HostileServerTests()
    {
        _alice = _fixture.Join("alice");
        _bob = _fixture.Join("bob");
        _conversation = _alice.Create(ConversationKind.Group, "club", _bob);
        _alice.Say(_conversation, "hello");
        _fixture.Settle();
    }

    private LogId Log => new(_conversation);

    private ulong Head => (ulong)_fixture.Server.LogOf(Log, _bob.Device).Entries.Count;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_gap_in_the_log_is_refused_and_changes_nothing()
    {
        byte[][] before = Dump(_bob);
        Envelope envelope = Next("not consecutive"u8.ToArray());
        envelope.Sequence += 1;
        _bob.Deliver(Log, [envelope]);
        Assert.Equal(before, Dump(_bob));
        // The log is asked for again, from where it was read; a server that goes on like this is not asked for ever.
        Assert.Contains(new EngineRequest.Subscribe(Log, Head), _bob.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        for (int i = 0; i < 3; i++)
            _bob.Deliver(Log, [envelope]);
        Assert.Empty(_bob.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        Assert.True(_bob.Host.Look(static engine => engine.HasHalted));
        Assert.Equal(before, Dump(_bob));
    }

    [Fact]
    public void All_that_is_behind_one_gap_is_one_gap()
    {
        // Found by the simulation: three entries behind a gap, and the conversation rested until the next connection.
        foreach (int i in Enumerable.Range(0, 4))
            _alice.Say(_conversation, $"{i}");
        _bob.Disconnect();
        _fixture.Settle();
        IReadOnlyList<Envelope> missed = _fixture.Server.Read(Log, _bob.Device, Head - 4);
        _bob.Connect();
        _bob.Deliver(Log, [.. missed.Skip(1)]);
        Assert.False(_bob.Host.Look(static engine => engine.HasHalted));
        _fixture.Settle();
        Assert.Equal(_alice.Texts(_conversation), _bob.Texts(_conversation));
    }

    [Fact]
    public void A_stranger_cannot_move_a_member_into_a_group_of_the_same_id()
    {
        TestDevice mallory = _fixture.Join("mallory");
        using LocalIdentity identity = Profile.Load(TestDevice.Crypto, mallory.Store)?.Identity ?? throw new InvalidOperationException("No profile.");
        var authentication = new DeviceAuthentication(new CertificateCheck(TestDevice.Crypto, FakeServer.Name));
        var profile = new ConversationProfile(ConversationKind.Group, "club", [mallory.Handle]);
        using Group forged = Group.Create(
            MlsProfile.Config(TestDevice.Crypto, authentication), identity.Leaf, MlsProfile.Suite, _conversation.ToArray(), profile.ToExtensions());
        PendingCommit? commit = null;
        for (int epoch = 0; epoch < 5; epoch++)
        {
            commit = forged.Commit(new CommitOptions { Proposals = epoch < 4 ? [] : [new Proposal.Add(Claimed("bob"))] }, _fixture.Time.GetUtcNow());
            if (epoch < 4)
                forged.MergePendingCommit();
        }

        var welcome = new InboxWelcome { Group = ByteString.CopyFrom(_conversation.ToArray()), CommitSequence = 3, Welcome = ByteString.CopyFrom(commit!.Welcome!.Value.Span) };
        Assert.True(_bob.Deliver(LogId.Inbox, [new Envelope { Sequence = 2, MessageId = ByteString.Empty, Welcome = welcome }]));
        Assert.Equal(["alice", "bob"], _bob.Read(_conversation).Members.Select(member => member.Handle.Value));
        _alice.Say(_conversation, "still here");
        _fixture.Settle();
        Assert.Equal(["hello", "still here"], _bob.Texts(_conversation));
    }

    [Fact]
    public void A_replayed_envelope_changes_nothing()
    {
        byte[][] before = Dump(_bob);
        Assert.True(_bob.Deliver(Log, _fixture.Server.Read(Log, _bob.Device, 0)));
        Assert.Equal(before, Dump(_bob));
    }

    [Fact]
    public void A_message_repeated_under_another_number_is_shown_once()
    {
        Envelope again = _fixture.Server.Read(Log, _bob.Device, Head - 1)[0];
        again.Sequence = Head + 1;
        again.MessageId = ByteString.CopyFrom(new byte[16]);
        Assert.True(_bob.Deliver(Log, [again]));
        Assert.Equal(["hello"], _bob.Texts(_conversation));
        again.Sequence++;
        Assert.True(_alice.Deliver(Log, [Renumbered(again, Head + 1)]));
        Assert.Equal(["hello"], _alice.Texts(_conversation));
    }

    [Fact]
    public void Messages_put_in_another_order_are_both_read()
    {
        _bob.Disconnect();
        _alice.Say(_conversation, "one");
        _fixture.Settle();
        _alice.Say(_conversation, "two");
        _fixture.Settle();
        IReadOnlyList<Envelope> two = _fixture.Server.Read(Log, _bob.Device, Head - 2);
        Assert.True(_bob.Deliver(Log, [Renumbered(two[1], Head - 1), Renumbered(two[0], Head)]));
        Assert.Equal(["hello", "two", "one"], _bob.Texts(_conversation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(200)]
    public void Bytes_that_are_no_message_are_shown_as_unreadable_and_the_log_goes_on(int length)
    {
        Assert.True(_bob.Deliver(Log, [Next(new byte[length])]));
        var item = Assert.IsType<TimelineContent.Unreadable>(_bob.Timeline(_conversation)[^1].Content);
        Assert.NotEmpty(item.Why);
        Assert.NotEmpty(item.Fix);
        Assert.Equal("hello", _bob.Texts(_conversation)[0]);
    }

    [Fact]
    public void Whatever_a_log_holds_its_reader_goes_on()
    {
        byte[] genuine = _fixture.Server.Read(Log, _bob.Device, Head - 1)[0].Message.ToByteArray();
        ulong sequence = Head;
        ulong inbox = 1;
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 10_000], Gen.Byte).Sample(
            (noise, position, value) =>
            {
                byte[] changed = [.. genuine];
                changed[position % changed.Length] = value;
                foreach (byte[] message in new[] { noise, changed })
                {
                    Assert.True(_bob.Deliver(Log, [new Envelope { Sequence = ++sequence, ReceivedAtMs = ulong.MaxValue, Message = ByteString.CopyFrom(message) }]));
                    var welcome = new InboxWelcome { Group = ByteString.CopyFrom(noise.AsSpan(0, Math.Min(16, noise.Length))), Welcome = ByteString.CopyFrom(message) };
                    Assert.True(_bob.Deliver(LogId.Inbox, [new Envelope { Sequence = ++inbox, Welcome = welcome }]));
                }
            },
            iter: 200,
            threads: 1);
        Assert.Equal(MembershipState.Active, _bob.Read(_conversation).State);
        Assert.Equal(["hello"], _bob.Texts(_conversation));
    }

    [Fact]
    public void A_changed_message_is_shown_as_unreadable_and_the_true_one_still_opens()
    {
        _bob.Disconnect();
        _alice.Say(_conversation, "true");
        _fixture.Settle();
        Envelope genuine = _fixture.Server.Read(Log, _bob.Device, Head - 1)[0];
        byte[] changed = genuine.Message.ToByteArray();
        changed[^1] ^= 1;
        Envelope forged = genuine.Clone();
        forged.Message = ByteString.CopyFrom(changed);
        Assert.True(_bob.Deliver(Log, [forged]));
        Assert.True(_bob.Deliver(Log, [Renumbered(genuine, Head + 1)]));
        Assert.IsType<TimelineContent.Unreadable>(_bob.Timeline(_conversation)[^2].Content);
        Assert.Equal(["hello", "true"], _bob.Texts(_conversation));
    }

    [Fact]
    public void A_commit_that_nobody_has_signed_costs_nobody_the_conversation()
    {
        _bob.Disconnect();
        _alice.Host.Run(engine => engine.Rename(_conversation, "renamed", _fixture.Time.GetUtcNow()));
        _fixture.Settle();
        Envelope genuine = _fixture.Server.Read(Log, _bob.Device, Head - 1)[0];
        byte[] changed = genuine.Message.ToByteArray();
        changed[^1] ^= 1;
        Envelope forged = genuine.Clone();
        forged.Message = ByteString.CopyFrom(changed);
        Assert.True(_bob.Deliver(Log, [forged, Renumbered(genuine, Head + 1)]));
        Assert.Equal("renamed", _bob.Read(_conversation).Title);
        Assert.Equal(MembershipState.Active, _bob.Read(_conversation).State);
    }

    [Fact]
    public void A_message_of_another_group_has_no_place_in_this_log()
    {
        ConversationId other = _alice.Create(ConversationKind.Group, "other", _bob);
        _alice.Say(other, "elsewhere");
        _fixture.Settle();
        Envelope misplaced = _fixture.Server.Read(new LogId(other), _bob.Device, 1)[0];
        Assert.True(_bob.Deliver(Log, [Renumbered(misplaced, Head + 1)]));
        Assert.IsType<TimelineContent.Unreadable>(_bob.Timeline(_conversation)[^1].Content);
        Assert.Equal(["hello"], _bob.Texts(_conversation));
        Assert.Equal(["elsewhere"], _bob.Texts(other));
    }

    [Fact]
    public void A_log_that_has_lost_entries_is_noticed()
    {
        _bob.Host.Run(static engine => engine.ResetConnection());
        _bob.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow()));
        _bob.Host.Look(engine => engine.Subscribed(Log, new SubscribeReply(ErrorCode.None, Head: 1, After: 1), _fixture.Time.GetUtcNow()));
        _bob.Say(_conversation, "into the void");
        Assert.Empty(_bob.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
    }

    [Fact]
    public void A_device_that_the_server_invents_is_refused()
    {
        // The server has made a key of its own and claims that it is Carol's; the certificate is for another account key than it names.
        ClientError? error = _alice.Host.Run(engine => engine.CheckKeyPackages(HandleOf("carol"), MlsProfile.Suite, [ForgedKeyPackage("carol", isSigned: false)], _fixture.Time.GetUtcNow())).Error;
        Assert.Equal(ClientErrorCode.CertificateInvalid, error?.Code);
    }

    [Fact]
    public void A_genuine_certificate_of_somebody_else_is_refused()
    {
        ClientError? error = _alice.Host.Run(engine => engine.CheckKeyPackages(HandleOf("carol"), MlsProfile.Suite, [ForgedKeyPackage("mallory", isSigned: true)], _fixture.Time.GetUtcNow())).Error;
        Assert.Equal(ClientErrorCode.CertificateInvalid, error?.Code);
    }

    [Fact]
    public void A_key_package_that_signs_with_another_key_than_its_certificate_is_refused()
    {
        ClientError? error = _alice.Host.Run(engine => engine.CheckKeyPackages(HandleOf("bob"), MlsProfile.Suite, [StolenCertificate()], _fixture.Time.GetUtcNow())).Error;
        Assert.Equal(ClientErrorCode.CertificateInvalid, error?.Code);
    }

    [Fact]
    public void Another_account_key_for_a_known_person_is_told_and_after_verification_needs_a_yes()
    {
        Assert.True(_alice.Host.Run(engine => engine.ConfirmVerification(_bob.Handle, verified: true)).Succeeded);
        ClientError? error = _alice.Host.Run(engine => engine.CheckKeyPackages(_bob.Handle, MlsProfile.Suite, [ForgedKeyPackage("bob", isSigned: true)], _fixture.Time.GetUtcNow())).Error;
        Assert.Equal(ClientErrorCode.AccountKeyChanged, error?.Code);
        Assert.True(_alice.Host.Run(engine => engine.GetVerification(_bob.Handle)).Value.HasChanged);
        Assert.Contains(Notices.KeyChanged(_bob.Handle, KnownAccounts.Meeting.ChangedFromVerified), _alice.Notices(_conversation));
        Assert.Equal(
            ClientErrorCode.AccountKeyChanged,
            _alice.Host.Run(engine => engine.Send(_conversation, new OutgoingMessage.Text("secret"), _fixture.Time.GetUtcNow())).Error?.Code);
        Assert.True(_alice.Host.Run(engine => engine.ConfirmVerification(_bob.Handle, verified: true)).Succeeded);
        Assert.True(_alice.Host.Run(engine => engine.Send(_conversation, new OutgoingMessage.Text("hi"), _fixture.Time.GetUtcNow())).Succeeded);
    }

    [Fact]
    public void A_safety_number_is_the_same_on_both_sides_and_another_with_another_key()
    {
        string number = _alice.Host.Run(engine => engine.GetVerification(_bob.Handle)).Value.SafetyNumber;
        Assert.Equal(number, _bob.Host.Run(engine => engine.GetVerification(_alice.Handle)).Value.SafetyNumber);
        Assert.Matches("^([0-9]{5} ){11}[0-9]{5}$", number);
        _alice.Host.Run(engine => engine.CheckKeyPackages(_bob.Handle, MlsProfile.Suite, [ForgedKeyPackage("bob", isSigned: true)], _fixture.Time.GetUtcNow()));
        Assert.Contains(Notices.KeyChanged(_bob.Handle, KnownAccounts.Meeting.Changed), _alice.Notices(_conversation));
        Assert.NotEqual(number, _alice.Host.Run(engine => engine.GetVerification(_bob.Handle)).Value.SafetyNumber);
    }

    [Fact]
    public void A_device_list_other_than_the_commits_is_told()
    {
        _bob.Disconnect();
        _alice.Host.Run(engine => engine.Rename(_conversation, "renamed", _fixture.Time.GetUtcNow()));
        _fixture.Settle();
        Envelope commit = _fixture.Server.Read(Log, _bob.Device, Head - 1)[0];
        commit.AddedDevices.Add(ByteString.CopyFrom(new byte[16]));
        Assert.True(_bob.Deliver(Log, [commit]));
        Assert.Contains(Notices.DeviceListMismatch(), _bob.Notices(_conversation));
        Assert.Equal("renamed", _bob.Read(_conversation).Title);
    }

    [Fact]
    public void A_member_who_is_no_administrator_cannot_remove_anybody()
    {
        byte[] commit = CommitOfBob(group => [new Proposal.Remove(group.Members.First(member => CertificateCheck.Of(member.Leaf).Handle == _alice.Handle).Index)]);
        Assert.True(_alice.Deliver(Log, [Next(commit)]));
        Assert.Equal(Notices.Forbidden("bob").Why, Assert.IsType<TimelineContent.Unreadable>(_alice.Timeline(_conversation)[^1].Content).Why);
        Assert.Equal(["alice", "bob"], _alice.Read(_conversation).Members.Select(member => member.Handle.Value));
        Assert.Equal(MembershipState.Active, _alice.Read(_conversation).State);
    }

    [Fact]
    public void A_member_who_is_no_administrator_cannot_make_itself_one()
    {
        var profile = new ConversationProfile(ConversationKind.Group, "club", [_bob.Handle]);
        byte[] commit = CommitOfBob(_ => [new Proposal.GroupContextExtensions(profile.ToExtensions())]);
        Assert.True(_alice.Deliver(Log, [Next(commit)]));
        Assert.Equal(Notices.Forbidden("bob").Why, Assert.IsType<TimelineContent.Unreadable>(_alice.Timeline(_conversation)[^1].Content).Why);
        Assert.False(_alice.Read(_conversation).Members.Single(member => member.Handle == _bob.Handle).IsAdmin);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_Commit_that_nobody_can_follow_is_refused_and_superseded(bool isDamaged)
    {
        byte[] commit = CommitOfBob(static _ => [new Proposal.GroupContextExtensions([])]);
        if (isDamaged)
            commit[^1] ^= 1;
        _bob.Disconnect();
        AppendAsBob(commit);
        ulong refused = Head;
        _fixture.Settle();
        _alice.Say(_conversation, "on");
        _fixture.Settle();
        Assert.Equal(DeliveryState.Sent, _alice.Timeline(_conversation)[^1].State);
        Assert.True(MlsMessage.TryDecode(_fixture.Server.Read(Log, _alice.Device, refused)[0].Message.Span, out MlsMessage? next, out _));
        Assert.Equal(refused, EntryHeader.Of(next)?.Supersedes);
        Assert.Single(_alice.Timeline(_conversation), static item => item.Content is TimelineContent.Unreadable);
    }

    [Fact]
    public void A_Commit_for_an_epoch_that_is_over_undoes_nothing_whatever_it_names()
    {
        byte[] commit = [];
        _bob.Disconnect();
        WithBobsGroup(group => commit = group.Commit(new CommitOptions { AuthenticatedData = Supersession.Encode(Head + 1) }, _fixture.Time.GetUtcNow()).Message.ToArray());
        Assert.True(_alice.Host.Run(engine => engine.Rename(_conversation, "renamed", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        AppendAsBob(commit);
        _fixture.Settle();
        _alice.Say(_conversation, "on");
        _fixture.Settle();
        Assert.Equal("renamed", _alice.Read(_conversation).Title);
        Assert.Equal(DeliveryState.Sent, _alice.Timeline(_conversation)[^1].State);
    }

    [Fact]
    public void Malformed_content_of_a_member_is_shown_as_such()
    {
        byte[] message = WithBobsGroup(static group => group.Protect("not CBOR"u8));
        Assert.True(_alice.Deliver(Log, [Next(message)]));
        TimelineItem item = _alice.Timeline(_conversation)[^1];
        Assert.Equal(new TimelineContent.Unknown("malformed message"), item.Content);
        Assert.Equal(_bob.Handle, item.Sender);
    }

    [Fact]
    public void A_sender_is_who_signed_and_nobody_else()
    {
        // Whatever the envelope says, a message that Bob made is Bob's; the content has no field that could say otherwise.
        Envelope envelope = Next(WithBobsGroup(static group => group.Protect(Parley.Client.Content.MimiCodec.Encode(
            Parley.Client.Content.MessageBody.Create(new OutgoingMessage.Text("I am alice"), new byte[16])))));
        Assert.True(_alice.Deliver(Log, [envelope]));
        Assert.Equal(_bob.Handle, _alice.Timeline(_conversation)[^1].Sender);
    }

    private Mls.Messages.KeyPackages.KeyPackage Claimed(string handle) =>
        Tls.TryDecode(_fixture.Server.Claim(handle)[0], out Mls.Messages.KeyPackages.KeyPackage? keyPackage, out _) ? keyPackage : throw new InvalidOperationException("Not a KeyPackage.");

    private static Handle HandleOf(string text) => Handle.TryParse(text, out Handle? handle) ? handle : throw new ArgumentException("Not a handle.", nameof(text));

    private static Envelope Renumbered(Envelope envelope, ulong sequence)
    {
        Envelope copy = envelope.Clone();
        copy.Sequence = sequence;
        return copy;
    }

    private static byte[][] Dump(TestDevice device) => [.. device.Store.Read(new StoreRange(ReadOnlyMemory<byte>.Empty)).SelectMany(static entry => new[] { entry.Key, entry.Value })];

    private Envelope Next(byte[] message) => new()
    {
        Sequence = Head + 1,
        ReceivedAtMs = (ulong)_fixture.Time.GetUtcNow().ToUnixTimeMilliseconds(),
        MessageId = ByteString.CopyFrom(new byte[16]),
        Message = ByteString.CopyFrom(message),
    };

    /// <summary>What Bob's device would make if it were rewritten to ignore the rules.</summary>
    private byte[] CommitOfBob(Func<Group, ImmutableArray<Proposal>> proposals) =>
        WithBobsGroup(group => group.Commit(new CommitOptions { Proposals = proposals(group) }, _fixture.Time.GetUtcNow()).Message.ToArray());

    private void AppendAsBob(byte[] message) => Assert.Equal(ErrorCode.None, _fixture.Server.Append(
        _conversation, _bob.Device, new Append { MessageId = ByteString.CopyFrom(Guid.NewGuid().ToByteArray()), Message = ByteString.CopyFrom(message) }).Error);

    private byte[] WithBobsGroup(Func<Group, byte[]> make)
    {
        using LocalIdentity identity = Profile.Load(TestDevice.Crypto, _bob.Store)?.Identity ?? throw new InvalidOperationException("No profile.");
        byte[] prefix = new ConversationKeys(_conversation).Group;
        var entries = _bob.Store.Read(new StoreRange(prefix)).Select(e => KeyValuePair.Create<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(e.Key.AsMemory(prefix.Length), e.Value));
        var authentication = new DeviceAuthentication(new CertificateCheck(TestDevice.Crypto, FakeServer.Name));
        using Group group = Group.Restore(MlsProfile.Config(TestDevice.Crypto, authentication), identity.Leaf, entries);
        return make(group);
    }

    private byte[] ForgedKeyPackage(string handle, bool isSigned)
    {
        using LocalIdentity forger = LocalIdentity.Create(TestDevice.Crypto, HandleOf(handle), FakeServer.Name, _fixture.Time.GetUtcNow());
        byte[] certificate = forger.Certificate.Encoded.ToArray();
        if (!isSigned)
            certificate[^1] ^= 1;
        return KeyPackageWith(forger.Leaf with { Credential = new Credential.Basic(certificate) });
    }

    private byte[] StolenCertificate()
    {
        using LocalIdentity thief = LocalIdentity.Create(TestDevice.Crypto, _bob.Handle, FakeServer.Name, _fixture.Time.GetUtcNow());
        return KeyPackageWith(thief.Leaf with { Credential = new Credential.Basic(_fixture.Server.DevicesOf("bob").Single().Encoded) });
    }

    private byte[] KeyPackageWith(LeafIdentity leaf)
    {
        ulong now = (ulong)_fixture.Time.GetUtcNow().ToUnixTimeSeconds();
        using KeyPackageBundle bundle = KeyPackageBundle.Create(TestDevice.Crypto, MlsProfile.Suite, leaf, new Lifetime(now, now + 1000), []);
        return bundle.KeyPackage.Encode();
    }
}
