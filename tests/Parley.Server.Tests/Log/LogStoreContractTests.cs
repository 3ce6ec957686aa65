using System.Collections.Immutable;
using System.Security.Cryptography;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Log;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Log;

/// <summary>What every <see cref="ILogStore"/> promises.</summary>
public sealed class LogStoreContractTests
{
    public static TheoryData<string> Kinds => StoreKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_new_group_is_empty_and_has_its_creator_as_the_only_member(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        LogSnapshot snapshot = await SnapshotAsync(stores, group);
        Assert.Equal((0ul, 0ul), (snapshot.Head, snapshot.Epoch));
        Assert.Equal([creator.Id], snapshot.Members);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Creating_a_group_again_succeeds_for_its_creator_only(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        TestDevice other = await stores.RegisterAsync("other");
        Assert.True(await stores.Logs.CreateGroupAsync(group, creator.Id));
        Assert.False(await stores.Logs.CreateGroupAsync(group, other.Id));
        Assert.Equal([creator.Id], (await SnapshotAsync(stores, group)).Members);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_appended_is_read_back_in_order_after_a_cursor(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        LogSnapshot snapshot = await SnapshotAsync(stores, group);
        var lease = new LogLease(snapshot.LogId);
        NewEntry[] entries = [.. Enumerable.Range(1, 10).Select(i => Entry(lease, (ulong)i))];
        foreach (NewEntry entry in entries)
            Assert.IsType<AppendResult.Stored>(await stores.Logs.AppendAsync(entry));

        IReadOnlyList<StoredEntry> page = await stores.Logs.ReadAsync(snapshot.LogId, creator.Id, after: 3, bytesMax: 1_000_000);
        Assert.Equal([4ul, 5, 6, 7, 8, 9, 10], page.Select(entry => entry.Sequence));
        Assert.Equal(entries[3].Envelope, page[0].Envelope.ToArray());
        Assert.Equal(10ul, (await SnapshotAsync(stores, group)).Head);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_page_is_bounded_by_bytes_but_never_empty_before_the_end(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        for (ulong sequence = 1; sequence <= 5; sequence++)
            await stores.Logs.AppendAsync(Entry(lease, sequence, envelopeBytes: 100));
        Assert.Single(await stores.Logs.ReadAsync(lease.LogId, creator.Id, 0, bytesMax: 1));
        Assert.Equal(2, (await stores.Logs.ReadAsync(lease.LogId, creator.Id, 0, bytesMax: 250)).Count);
        Assert.Empty(await stores.Logs.ReadAsync(lease.LogId, creator.Id, 5, bytesMax: 250));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_repeated_message_id_yields_the_first_entry_and_breaks_the_lease(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, _) = await CreateGroupAsync(stores);
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        NewEntry first = Entry(lease, 1);
        await stores.Logs.AppendAsync(first);

        var repeated = Assert.IsType<AppendResult.Repeated>(await stores.Logs.AppendAsync(first with { Sequence = 2 }));
        Assert.Equal(1ul, repeated.First.Sequence);
        Assert.Equal(first.Envelope, repeated.First.Envelope.ToArray());
        Assert.True(lease.IsBroken);
        Assert.IsType<AppendResult.Stale>(await stores.Logs.AppendAsync(Entry(lease, 3)));
        Assert.Equal(1ul, (await SnapshotAsync(stores, group)).Head);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_was_numbered_behind_an_entry_that_is_not_taken_is_not_taken_either(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName one, TestDevice creator) = await CreateGroupAsync(stores);
        Assert.True(LogName.TryParseGroup(RandomNumberGenerator.GetBytes(32), out LogName? other));
        await stores.Logs.CreateGroupAsync(other, creator.Id);
        (LogLease lease, LogLease beside) = (new LogLease((await SnapshotAsync(stores, one)).LogId), new LogLease((await SnapshotAsync(stores, other)).LogId));
        NewEntry first = Entry(lease, 1);

        // Not awaited one by one, so that they are written together.
        Task<AppendResult>[] writes =
        [
            stores.Logs.AppendAsync(first),
            stores.Logs.AppendAsync(Entry(beside, 1)),
            stores.Logs.AppendAsync(first with { Sequence = 2 }),
            stores.Logs.AppendAsync(Entry(lease, 3)),
            stores.Logs.AppendAsync(Entry(beside, 2)),
            stores.Logs.AppendAsync(CommitEntry(lease, 4, one, 1, [], [], [])),
            stores.Logs.AppendAsync(Entry(lease, 5)),
        ];
        AppendResult[] results = await Task.WhenAll(writes);
        Assert.Equal(
            ["Stored", "Stored", "Repeated", "Stale", "Stored", "Stale", "Stale"], results.Select(result => result.GetType().Name));
        Assert.Equal((1ul, 0ul), ((await SnapshotAsync(stores, one)).Head, (await SnapshotAsync(stores, one)).Epoch));
        Assert.Equal([1ul], (await stores.Logs.ReadAsync(lease.LogId, creator.Id, 0, 10_000)).Select(entry => entry.Sequence));
        Assert.Equal([1ul, 2ul], (await stores.Logs.ReadAsync(beside.LogId, creator.Id, 0, 10_000)).Select(entry => entry.Sequence));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_log_knows_its_last_Commit(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, _) = await CreateGroupAsync(stores);
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        Assert.Equal(0ul, (await SnapshotAsync(stores, group)).LastCommit);
        await stores.Logs.AppendAsync(Entry(lease, 1));
        await stores.Logs.AppendAsync(CommitEntry(lease, 2, group, 1, [], [], []));
        await stores.Logs.AppendAsync(Entry(lease, 3));
        Assert.Equal((3ul, 1ul, 2ul), ((await SnapshotAsync(stores, group)).Head, (await SnapshotAsync(stores, group)).Epoch, (await SnapshotAsync(stores, group)).LastCommit));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Two_sequencers_cannot_give_one_number_twice(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, _) = await CreateGroupAsync(stores);
        long logId = (await SnapshotAsync(stores, group)).LogId;
        var (one, other) = (new LogLease(logId), new LogLease(logId));
        Assert.IsType<AppendResult.Stored>(await stores.Logs.AppendAsync(Entry(one, 1)));
        Assert.IsType<AppendResult.Stale>(await stores.Logs.AppendAsync(Entry(other, 1)));
        Assert.True(other.IsBroken);
        Assert.IsType<AppendResult.Stored>(await stores.Logs.AppendAsync(Entry(one, 2)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_same_message_id_may_stand_in_two_logs(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName one, TestDevice creator) = await CreateGroupAsync(stores);
        Assert.True(LogName.TryParseGroup(RandomNumberGenerator.GetBytes(32), out LogName? other));
        await stores.Logs.CreateGroupAsync(other, creator.Id);
        NewEntry entry = Entry(new LogLease((await SnapshotAsync(stores, one)).LogId), 1);
        Assert.IsType<AppendResult.Stored>(await stores.Logs.AppendAsync(entry));
        Assert.IsType<AppendResult.Stored>(await stores.Logs.AppendAsync(entry with { Lease = new LogLease((await SnapshotAsync(stores, other)).LogId) }));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_commit_moves_the_epoch_changes_access_and_fills_inboxes_together(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        TestDevice added = await stores.RegisterAsync("added");
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        await stores.Logs.AppendAsync(Entry(lease, 1));
        byte[] welcome = RandomNumberGenerator.GetBytes(50);
        await stores.Logs.AppendAsync(CommitEntry(lease, 2, group, nextEpoch: 1, [added.Id], [], welcome));

        LogSnapshot snapshot = await SnapshotAsync(stores, group);
        Assert.Equal((2ul, 1ul), (snapshot.Head, snapshot.Epoch));
        Assert.Equal(new HashSet<DeviceId> { creator.Id, added.Id }, snapshot.Members);
        Assert.Equal(2ul, (await stores.Logs.FindAccessAsync(group, added.Id, after: 0))!.After);
        Assert.Empty(await stores.Logs.ReadAsync(lease.LogId, added.Id, 0, 1000));

        LogAccess inbox = (await stores.Logs.FindAccessAsync(LogName.Inbox(added.Id), added.Id, after: 0))!;
        StoredEntry entry = Assert.Single(await stores.Logs.ReadAsync(inbox.LogId, added.Id, 0, 1000));
        Envelope envelope = Envelope.Parser.ParseFrom(entry.Envelope.Span);
        Assert.Equal(welcome, envelope.Welcome.Welcome.ToByteArray());
        Assert.Equal(2ul, envelope.Welcome.CommitSequence);
        Assert.Equal(1ul, envelope.Sequence);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_removed_device_reads_up_to_the_commit_and_no_further(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        TestDevice removed = await stores.RegisterAsync("removed");
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        await stores.Logs.AppendAsync(CommitEntry(lease, 1, group, 1, [removed.Id], [], [1]));
        await stores.Logs.AppendAsync(Entry(lease, 2));
        await stores.Logs.AppendAsync(CommitEntry(lease, 3, group, 2, [], [removed.Id], []));
        await stores.Logs.AppendAsync(Entry(lease, 4));

        Assert.Equal([2ul, 3], (await stores.Logs.ReadAsync(lease.LogId, removed.Id, 0, 10_000)).Select(entry => entry.Sequence));
        Assert.Equal(3ul, (await stores.Logs.FindAccessAsync(group, removed.Id, after: 0))!.Through);
        Assert.Equal([creator.Id], (await SnapshotAsync(stores, group)).Members);

        await stores.Logs.AppendAsync(CommitEntry(lease, 5, group, 3, [removed.Id], [], [1]));
        await stores.Logs.AppendAsync(Entry(lease, 6));

        // It can still read what it could before, and then what came after it was added again, but not what lies between.
        Assert.Equal([2ul, 3], (await stores.Logs.ReadAsync(lease.LogId, removed.Id, 0, 10_000)).Select(entry => entry.Sequence));
        Assert.Equal([3ul], (await stores.Logs.ReadAsync(lease.LogId, removed.Id, 2, 10_000)).Select(entry => entry.Sequence));
        Assert.Equal([6ul], (await stores.Logs.ReadAsync(lease.LogId, removed.Id, 3, 10_000)).Select(entry => entry.Sequence));
        Assert.Equal((1ul, 3ul), await StretchAsync(stores, group, removed, after: 2));
        Assert.Equal((5ul, null), await StretchAsync(stores, group, removed, after: 3));
        Assert.Equal(new HashSet<DeviceId> { creator.Id, removed.Id }, (await SnapshotAsync(stores, group)).Members);

        await stores.Logs.AppendAsync(CommitEntry(lease, 7, group, 4, [], [removed.Id], []));
        Assert.Equal([6ul, 7], (await stores.Logs.ReadAsync(lease.LogId, removed.Id, 3, 10_000)).Select(entry => entry.Sequence));
        Assert.Null(await stores.Logs.FindAccessAsync(group, removed.Id, after: 7));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Adding_a_present_member_does_not_shorten_what_it_may_read(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        await stores.Logs.AppendAsync(Entry(lease, 1));
        await stores.Logs.AppendAsync(CommitEntry(lease, 2, group, 1, [creator.Id], [], [1]));
        Assert.Equal(2, (await stores.Logs.ReadAsync(lease.LogId, creator.Id, 0, 10_000)).Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Nobody_else_has_access(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        (LogName group, TestDevice creator) = await CreateGroupAsync(stores);
        TestDevice stranger = await stores.RegisterAsync("stranger");
        var lease = new LogLease((await SnapshotAsync(stores, group)).LogId);
        await stores.Logs.AppendAsync(Entry(lease, 1));
        Assert.Null(await stores.Logs.FindAccessAsync(group, stranger.Id, after: 0));
        Assert.Empty(await stores.Logs.ReadAsync(lease.LogId, stranger.Id, 0, 1000));
        Assert.Null(await stores.Logs.FindAccessAsync(LogName.Inbox(creator.Id), stranger.Id, after: 0));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task FindUnknownAsync_knows_registered_devices_only(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice known = await stores.RegisterAsync("known");
        var unknown = new TestDevice("unknown");
        Assert.Empty(await stores.Logs.FindUnknownAsync([known.Id]));
        Assert.Equal([unknown.Id], await stores.Logs.FindUnknownAsync([known.Id, unknown.Id]));
    }

    private static async Task<(LogName Group, TestDevice Creator)> CreateGroupAsync(StoreFixture stores)
    {
        TestDevice creator = await stores.RegisterAsync("creator");
        Assert.True(LogName.TryParseGroup(RandomNumberGenerator.GetBytes(32), out LogName? group));
        Assert.True(await stores.Logs.CreateGroupAsync(group, creator.Id));
        return (group, creator);
    }

    private static async Task<(ulong After, ulong? Through)> StretchAsync(StoreFixture stores, LogName group, TestDevice device, ulong after)
    {
        LogAccess access = (await stores.Logs.FindAccessAsync(group, device.Id, after))!;
        return (access.After, access.Through);
    }

    private static async Task<LogSnapshot> SnapshotAsync(StoreFixture stores, LogName group) => (await stores.Logs.LoadAsync(group))!;

    private static NewEntry Entry(LogLease lease, ulong sequence, int envelopeBytes = 40)
    {
        Assert.True(MessageId.TryParse(RandomNumberGenerator.GetBytes(16), out MessageId id));
        return new NewEntry(lease, sequence, ReceivedAtMs: 0, id, RandomNumberGenerator.GetBytes(envelopeBytes), Commit: null);
    }

    private static NewEntry CommitEntry(LogLease lease, ulong sequence, LogName group, ulong nextEpoch, ImmutableArray<DeviceId> added, ImmutableArray<DeviceId> removed, byte[] welcome) =>
        Entry(lease, sequence) with { Commit = new CommitEffects(group, nextEpoch, 0, added, removed, welcome) };
}
