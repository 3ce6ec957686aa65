using Google.Protobuf;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Contracts.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;

namespace Parley.Client.Tests.Engine;

/// <summary>A device that has forgotten what it did finds out before it seals anything, and comes back with other keys.</summary>
public sealed class RepairTests : IDisposable
{
    private readonly EngineFixture _fixture = new();
    private readonly TestDevice _alice;
    private readonly TestDevice _bob;
    private readonly TestDevice _carol;
    private readonly ConversationId _group;

    public RepairTests()
    {
        _alice = _fixture.Join("alice");
        _bob = _fixture.Join("bob");
        _carol = _fixture.Join("carol");
        _group = _alice.Create(ConversationKind.Group, "club", _bob, _carol);
        _fixture.Settle();
        _alice.Say(_group, "one");
        _fixture.Talk();
    }

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_device_restored_from_an_old_copy_renews_its_keys_before_it_writes()
    {
        // Found by the simulation: it used the keys of what it had forgotten once more, and nobody was shown what it wrote then.
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        _alice.Say(_group, "two");
        _fixture.Settle();
        Restore(_alice, copy);
        _alice.Say(_group, "three");
        _fixture.Settle();
        Assert.Equal(["one", "two", "three"], _bob.Texts(_group));
        Assert.Equal(["one", "two", "three"], _carol.Texts(_group));
        // What it had forgotten it opens as the others do.
        Assert.Equal(["one", "two", "three"], _alice.Texts(_group));
        Assert.DoesNotContain(_alice.Timeline(_group), static item => item.Content is TimelineContent.Unreadable);
    }

    [Fact]
    public void A_message_that_waits_in_an_old_copy_and_stands_in_the_log_is_not_sent_again()
    {
        _alice.Disconnect();
        _alice.Say(_group, "two");
        _alice.Say(_group, "three");
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        _alice.Connect();
        _fixture.Settle();
        int before = Entries().Count;
        Restore(_alice, copy);
        _fixture.Settle();
        Assert.All(Entries().Skip(before), static entry =>
        {
            // Nothing but the Commit that gives it new keys.
            Assert.True(MlsMessage.TryDecode(entry.Message.Span, out MlsMessage? message, out _));
            Assert.IsType<MlsMessage.Public>(message);
        });
        Assert.Equal(["one", "two", "three"], _alice.Texts(_group));
        Assert.All(
            _alice.Timeline(_group).Where(static item => item.Content is TimelineContent.Text { Body: "two" or "three" }),
            static item => Assert.Contains(item.State, (DeliveryState[])[DeliveryState.Sent, DeliveryState.Delivered]));
    }

    [Fact]
    public void A_device_that_has_forgotten_that_it_asked_to_be_let_go_goes()
    {
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        _bob.Disconnect();
        _carol.Disconnect();
        Assert.True(_alice.Host.Run(engine => engine.Leave(_group, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Restore(_alice, copy);
        _fixture.Settle();
        Assert.Equal(MembershipState.Left, _alice.Read(_group).State);
        _bob.Connect();
        _fixture.Settle();
        Assert.DoesNotContain(_bob.Read(_group).Members, member => member.Handle == _alice.Handle);
    }

    [Fact]
    public void Who_waits_to_be_let_go_brings_back_who_is_lost()
    {
        // Found by the simulation: with nobody else in the group, each waited for the other.
        Assert.True(_alice.Host.Run(engine => engine.Remove(_group, _carol.Handle, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        Assert.True(_alice.Host.Run(engine => engine.Rename(_group, "society", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        _alice.Disconnect();
        Assert.True(_bob.Host.Run(engine => engine.Leave(_group, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Restore(_alice, copy);
        _fixture.Settle();
        Assert.Equal("society", _alice.Read(_group).Title);
        Assert.DoesNotContain(_alice.Read(_group).Members, member => member.Handle == _bob.Handle);
        Assert.Equal(MembershipState.Left, _bob.Read(_group).State);
    }

    [Fact]
    public void A_device_that_was_added_again_with_keys_that_it_has_forgotten_is_added_once_more()
    {
        Assert.True(_alice.Host.Run(engine => engine.Remove(_group, _bob.Handle, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        List<StoreEntry> copy = [.. Copy(_bob).Where(static entry => !entry.Key.AsSpan().StartsWith("k/"u8))];
        _alice.Add(_group, _bob);
        _fixture.Settle();
        Restore(_bob, copy);
        _fixture.Settle();
        _alice.Say(_group, "two");
        _fixture.Settle();
        Assert.Equal(MembershipState.Active, _bob.Read(_group).State);
        Assert.Equal("two", _bob.Texts(_group)[^1]);
        Assert.Contains(_bob.Notices(_group), static sentence => sentence.StartsWith("This device is back", StringComparison.Ordinal));
    }

    [Fact]
    public void The_Commit_that_renews_keys_of_which_some_may_be_used_needs_none_of_them()
    {
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        _alice.Say(_group, "two");
        _fixture.Settle();
        int before = Entries().Count;
        Restore(_alice, copy);
        _alice.Say(_group, "three");
        _fixture.Settle();
        Assert.True(MlsMessage.TryDecode(Entries()[before].Message.Span, out MlsMessage? commit, out _));
        Assert.IsType<MlsMessage.Public>(commit);
    }

    [Fact]
    public void A_device_that_has_forgotten_a_Commit_of_its_own_is_added_again_by_the_others()
    {
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        Assert.True(_alice.Host.Run(engine => engine.Rename(_group, "society", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        _bob.Say(_group, "two");
        _fixture.Settle();
        Restore(_alice, copy);
        _alice.Say(_group, "three");
        _fixture.Settle();
        Assert.Equal(["one", "two", "three"], _bob.Texts(_group));
        Assert.Equal(["one", "three"], _alice.Texts(_group));
        Assert.Equal("society", _alice.Read(_group).Title);
        Assert.Equal(MembershipState.Active, _alice.Read(_group).State);
        Assert.Contains(_alice.Notices(_group), static sentence => sentence.StartsWith("This device has lost its place", StringComparison.Ordinal));
        Assert.Contains(_alice.Notices(_group), static sentence => sentence.StartsWith("This device is back", StringComparison.Ordinal));
        Assert.Contains("alice’s device had lost its place in the conversation and is back, with new keys.", _bob.Notices(_group));
    }

    [Fact]
    public void A_device_that_is_lost_waits_for_the_others_and_keeps_what_is_written()
    {
        IReadOnlyList<StoreEntry> copy = Copy(_alice);
        Assert.True(_alice.Host.Run(engine => engine.Rename(_group, "society", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        _bob.Disconnect();
        _carol.Disconnect();
        Restore(_alice, copy);
        _alice.Say(_group, "two");
        _fixture.Settle();
        Assert.Equal(DeliveryState.Queued, _alice.Timeline(_group)[^1].State);
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(DeliveryState.Sent, _alice.Timeline(_group)[^1].State);
        Assert.Equal(["one", "two"], _carol.Texts(_group));
    }

    [Fact]
    public void Who_is_lost_and_is_removed_is_not_added_again()
    {
        IReadOnlyList<StoreEntry> copy = Copy(_bob);
        _fixture.Time.Advance(MlsProfile.LeafUpdateInterval + TimeSpan.FromHours(1));
        _bob.Say(_group, "two");
        _fixture.Settle();
        _alice.Disconnect();
        _carol.Disconnect();
        Restore(_bob, copy);
        _fixture.Settle();
        _alice.Connect();
        Assert.True(_alice.Host.Run(engine => engine.Remove(_group, _bob.Handle, _fixture.Time.GetUtcNow())).Succeeded);
        _carol.Connect();
        _bob.Disconnect();
        _fixture.Settle();
        Assert.DoesNotContain(_alice.Read(_group).Members, member => member.Handle == _bob.Handle);
        _bob.Connect();
        _fixture.Settle();
        Assert.Equal(MembershipState.Removed, _bob.Read(_group).State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public void A_device_whose_group_is_damaged_in_its_store_is_added_again(int bytesLeft)
    {
        // Whatever part of it is cut, and also if it is all gone.
        byte[] prefix = new ConversationKeys(_group).Group;
        List<StoreEntry> group = [.. _bob.Store.Read(new StoreRange(prefix)).Where(static entry => entry.Key[^1] != 0xFF)];
        foreach (byte kind in group.Select(entry => entry.Key[prefix.Length]).Distinct())
        {
            var damage = new StoreBatch();
            foreach (StoreEntry entry in _bob.Store.Read(new StoreRange(prefix)).Where(entry => entry.Key[prefix.Length] == kind))
            {
                if (bytesLeft == 0)
                    damage.Delete(entry.Key);
                else
                    damage.Put(entry.Key, entry.Value[..Math.Min(bytesLeft, entry.Value.Length)]);
            }

            _bob.Store.Write(damage);
            _bob.Crash();
            _bob.Connect();
            _bob.Say(_group, $"from bob {kind}");
            _fixture.Settle();
            _alice.Say(_group, $"from alice {kind}");
            _fixture.Settle();
            Assert.Equal($"from alice {kind}", _bob.Texts(_group)[^1]);
            Assert.Contains($"from bob {kind}", _alice.Texts(_group));
        }

        Assert.Contains(Notices.Damaged(), _bob.Notices(_group));
        Assert.Contains(Notices.Back(), _bob.Notices(_group));
    }

    [Fact]
    public void What_the_server_left_out_is_told()
    {
        _bob.Host.TakeNews();
        var ahead = Entries()[^1].Clone();
        ahead.Sequence += 2;
        _bob.Deliver(new LogId(_group), [ahead]);
        Assert.Contains(_bob.Host.TakeNews(), static change => change is ClientEvent.ServerFault { Sentence: "The server left out something that should have come next. It is asked for again." });
    }

    [Fact]
    public void A_message_that_the_server_repeats_under_another_number_changes_nothing_but_the_cursor()
    {
        IReadOnlyList<TimelineItem> before = _bob.Timeline(_group);
        Envelope repeated = Entries()[^1].Clone();
        repeated.Sequence++;
        _bob.Deliver(new LogId(_group), [repeated]);
        Assert.Equal(before.Select(static item => item.Order), _bob.Timeline(_group).Select(static item => item.Order));
        _bob.Deliver(new LogId(_group), [repeated]);
        Assert.DoesNotContain(_bob.Host.TakeNews(), static change => change is ClientEvent.ServerFault);
        Assert.Equal(MembershipState.Active, _bob.Read(_group).State);
        Assert.Equal(repeated.Sequence, Stored(_bob).Cursor);
        Assert.False(Stored(_bob).IsLost);
    }

    [Fact]
    public void A_Commit_that_the_server_makes_up_costs_nobody_the_conversation()
    {
        // It can only dress up what it has: for this epoch, the next one, and one that is far off.
        Envelope invented = Entries()[^1].Clone();
        Assert.True(MlsMessage.TryDecode(invented.Message.Span, out MlsMessage? sealedMessage, out _));
        PrivateMessage real = Assert.IsType<MlsMessage.Private>(sealedMessage).Message;
        foreach (ulong epoch in (ulong[])[real.Epoch, real.Epoch + 1, real.Epoch + 1000])
        {
            invented.Sequence++;
            invented.Message = Google.Protobuf.ByteString.CopyFrom(new MlsMessage.Private(real with { Epoch = epoch, ContentType = ContentType.Commit }).Encode<MlsMessage>());
            _bob.Deliver(new LogId(_group), [invented]);
            Assert.Equal(invented.Sequence, Stored(_bob).Cursor);
            Assert.False(Stored(_bob).IsLost);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_Commit_that_most_cannot_follow_is_undone_and_one_that_one_device_cannot_brings_it_back(bool hitsAll)
    {
        // Alice's path has a secret for Bob, and above it one for Carol.
        _alice.Disconnect();
        int number = 0;
        var spoiling = new SpoilingCrypto(RandomSource.System) { Spoils = () => number++ == 0 || hitsAll };
        byte[] commit = CommitOf(_alice, spoiling);
        Assert.Equal(ErrorCode.None, _fixture.Server.Append(_group, _alice.Device, new Append { MessageId = ByteString.CopyFrom(Guid.NewGuid().ToByteArray()), Message = ByteString.CopyFrom(commit) }).Error);
        _fixture.Settle();
        _fixture.Time.Advance(MlsProfile.CommitRankDelayMax);
        _fixture.Settle();
        _bob.Say(_group, "on");
        _fixture.Settle();
        _carol.Say(_group, "and on");
        _fixture.Settle();
        Assert.Equal(["one", "on", "and on"], _bob.Texts(_group));
        Assert.Equal(["one", "on", "and on"], _carol.Texts(_group));
        Assert.Equal(hitsAll ? [1, 1] : [0, 0], new[] { _bob, _carol }.Select(device => device.Timeline(_group).Count(static item => item.Content is TimelineContent.Unreadable { Why: var why } && why == Notices.Overruled().Why)));
        Assert.Equal(!hitsAll, _bob.Notices(_group).Contains(Notices.Back()));
    }

    private byte[] CommitOf(TestDevice device, SpoilingCrypto crypto)
    {
        using LocalIdentity identity = Profile.Load(crypto, device.Store)?.Identity ?? throw new InvalidOperationException("No profile.");
        byte[] prefix = new ConversationKeys(_group).Group;
        using Group group = Group.Restore(
            MlsProfile.Config(crypto, new DeviceAuthentication(new CertificateCheck(crypto, FakeServer.Name))), identity.Leaf,
            device.Store.Read(new StoreRange(prefix)).Select(entry => KeyValuePair.Create<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(entry.Key.AsMemory(prefix.Length), entry.Value)));
        return group.Commit(new CommitOptions(), _fixture.Time.GetUtcNow()).Message.ToArray();
    }

    private ConversationRecord Stored(TestDevice device) => ConversationRecord.Decode(device.Store.Get(new ConversationKeys(_group).Record)!); // There is one.

    private static IReadOnlyList<StoreEntry> Copy(TestDevice device) => device.Store.Read(new StoreRange(ReadOnlyMemory<byte>.Empty));

    private static void Restore(TestDevice device, IReadOnlyList<StoreEntry> copy)
    {
        var restored = new StoreBatch();
        foreach (StoreEntry entry in Copy(device))
            restored.Delete(entry.Key);
        foreach (StoreEntry entry in copy)
            restored.Put(entry.Key, entry.Value);
        device.Store.Write(restored);
        device.Crash();
        device.Connect();
    }

    private List<Envelope> Entries() => _fixture.Server.LogOf(new LogId(_group), _alice.Device).Entries;
}
