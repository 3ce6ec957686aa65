using Parley.Client.Engine;
using Parley.Client.Store;
using Parley.Client.Tests.Transport;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests;

/// <summary>The whole client, its loops included, over a network of method calls.</summary>
public sealed class ParleyClientTests : IAsyncDisposable
{
    private static readonly NativeCryptoProvider Crypto = new(RandomSource.System);

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly FakeNetwork _network = new();
    private readonly List<ParleyClient> _clients = [];

    private CancellationToken Patience => _patience.Token;

    public async ValueTask DisposeAsync()
    {
        foreach (ParleyClient client in _clients)
            await client.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task Two_people_sign_up_and_talk()
    {
        ParleyClient alice = await SignUpAsync("alice");
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        Assert.True(alice.Send(conversation, new OutgoingMessage.Text("hello")).Succeeded);
        Assert.True((await alice.FlushAsync(Patience)).Succeeded);
        await Seen(bob, conversation, "hello");
        Assert.True(bob.Send(conversation, new OutgoingMessage.Action("waves")).Succeeded);
        Assert.True((await bob.FlushAsync(Patience)).Succeeded);
        await Until(alice, () => alice.ReadTimeline(conversation, 1)[0].Content is TimelineContent.Action("waves"));
        Assert.Equal(conversation, (await bob.OpenDirectAsync(alice.Self, Patience)).Value);
    }

    [Fact]
    public async Task A_client_with_nothing_to_read_says_that_it_is_online()
    {
        ParleyClient alice = await SignUpAsync("alice");
        await Until(alice, () => alice.Connection.State == ConnectionState.Online);
    }

    [Fact]
    public async Task A_client_that_is_opened_again_has_everything_and_goes_on()
    {
        var store = new MemoryClientStore();
        ParleyClient alice = await SignUpAsync("alice", store);
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        alice.Send(conversation, new OutgoingMessage.Text("one"));
        await alice.FlushAsync(Patience);
        await alice.DisposeAsync();

        ParleyClient again = Keep((await ParleyClient.OpenAsync(Options(store), Patience)).Value);
        Assert.Equal("one", ((TimelineContent.Text)again.ReadTimeline(conversation, 1)[0].Content).Body);
        Assert.True(again.Send(conversation, new OutgoingMessage.Text("written offline")).Succeeded);
        Assert.Equal(DeliveryState.Queued, again.ReadTimeline(conversation, 1)[0].State);
        again.Start();
        Assert.True((await again.FlushAsync(Patience)).Succeeded);
        await Seen(bob, conversation, "written offline");
    }

    [Fact]
    public async Task A_connection_that_breaks_is_made_again()
    {
        ParleyClient alice = await SignUpAsync("alice");
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        _network.Cut();
        alice.Send(conversation, new OutgoingMessage.Text("through it all"));
        await Seen(bob, conversation, "through it all");
        Assert.Equal("through it all", ((TimelineContent.Text)Assert.Single(bob.ReadTimeline(conversation, 10), static item => item.Content is TimelineContent.Text).Content).Body);
    }

    [Fact]
    public async Task A_gap_in_a_log_is_closed_by_asking_again()
    {
        ParleyClient alice = await SignUpAsync("alice");
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        int skipped = 0;
        _network.Tamper = frame =>
        {
            if (frame.Events.Log.LogCase == LogRef.LogOneofCase.Group && Interlocked.Increment(ref skipped) == 1)
                frame.Events.Envelopes[0].Sequence += 5;
            return frame;
        };
        alice.Send(conversation, new OutgoingMessage.Text("in order"));
        await Seen(bob, conversation, "in order");
        await Seen(alice, conversation, "in order");
        Assert.Single(bob.ReadTimeline(conversation, 10), static item => item.Content is TimelineContent.Text);
    }

    [Fact]
    public async Task A_server_that_breaks_the_protocol_is_named_and_asked_again()
    {
        ParleyClient alice = await SignUpAsync("alice");
        ParleyClient bob = await SignUpAsync("bob");
        var sentences = new System.Collections.Concurrent.ConcurrentBag<string>();
        bob.Changed += change =>
        {
            if (change is ClientEvent.ConnectionChanged changed)
                sentences.Add(changed.Status.Sentence);
        };
        int misnamed = 0;
        _network.Tamper = frame =>
        {
            // An event of a log that is neither a group's nor this device's inbox.
            if (frame.Events.Log.LogCase == LogRef.LogOneofCase.Inbox && Interlocked.Increment(ref misnamed) == 1)
                frame.Events.Log.Inbox = Google.Protobuf.ByteString.CopyFrom(new byte[16]);
            return frame;
        };
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        alice.Send(conversation, new OutgoingMessage.Text("after all"));
        await Seen(bob, conversation, "after all");
        await Until(bob, () => sentences.Contains(ErrorText.Of(ClientErrorCode.ServerMisbehaved).Sentence));
    }

    [Fact]
    public async Task Without_a_server_everything_that_needs_none_works()
    {
        var store = new MemoryClientStore();
        ParleyClient alice = await SignUpAsync("alice", store);
        ConversationId group = (await alice.CreateGroupAsync("notes", [], Patience)).Value;
        _network.IsDown = true;
        _network.Cut();
        Assert.True(alice.Send(group, new OutgoingMessage.Text("kept")).Succeeded);
        ClientResult flushed = await alice.FlushAsync(Patience);
        Assert.Equal(ClientErrorCode.Offline, flushed.Error?.Code);
        Assert.Equal(ConnectionState.Offline, alice.Connection.State);
        Assert.NotNull(alice.Connection.RetryAt);
        Assert.Equal(ClientErrorCode.Offline, (await alice.CatchUpAsync(Patience)).Error?.Code);
        Assert.Equal(ClientErrorCode.Offline, (await alice.OpenDirectAsync(HandleOf("bob"), Patience)).Error?.Code);
        _network.IsDown = false;
        await Until(alice, () => alice.ReadTimeline(group, 1)[0].State == DeliveryState.Sent);
    }

    [Fact]
    public async Task Refusals_are_values_with_a_sentence()
    {
        ParleyClient alice = await SignUpAsync("alice");
        Assert.Equal(ClientErrorCode.PeerUnknown, (await alice.OpenDirectAsync(HandleOf("nobody"), Patience)).Error?.Code);
        Assert.Equal(ClientErrorCode.PeerIsSelf, (await alice.OpenDirectAsync(alice.Self, Patience)).Error?.Code);
        Assert.Equal(ClientErrorCode.NameInvalid, (await alice.CreateGroupAsync("\n", [], Patience)).Error?.Code);
        Assert.Equal(ClientErrorCode.ConversationUnknown, alice.Send(default, new OutgoingMessage.Text("x")).Error?.Code);
        ConversationId group = (await alice.CreateGroupAsync("notes", [], Patience)).Value;
        Assert.Equal(ClientErrorCode.MessageEmpty, alice.Send(group, new OutgoingMessage.Text("  ")).Error?.Code);
        Assert.Equal(ClientErrorCode.MessageTooLong, alice.Send(group, new OutgoingMessage.Text(new string('x', 300_000))).Error?.Code);
        Assert.Equal("http://parley.test/i/code", (await alice.CreateInviteAsync(1, TimeSpan.FromDays(1), Patience)).Value);
    }

    [Fact]
    public async Task Signing_up_twice_into_one_store_is_refused()
    {
        var store = new MemoryClientStore();
        await SignUpAsync("alice", store);
        ClientResult<ParleyClient> second = await ParleyClient.SignUpAsync(Options(store), Invite(), HandleOf("mallory"), Patience);
        Assert.Equal(ClientErrorCode.AccountPresent, second.Error?.Code);
    }

    [Fact]
    public async Task Signing_up_goes_on_with_the_same_keys_after_breaking_off()
    {
        // The account is made on the server, and then the disk fails before it can be noted.
        var store = new MemoryClientStore { WritesLeft = 1 };
        Assert.Equal(ClientErrorCode.StoreFailed, (await ParleyClient.SignUpAsync(Options(store), Invite(), HandleOf("alice"), Patience)).Error?.Code);
        store.WritesLeft = null;
        ClientResult<ParleyClient> again = await ParleyClient.SignUpAsync(Options(store), Invite(), HandleOf("alice"), Patience);
        Assert.True(again.Succeeded);
        Keep(again.Value);
    }

    [Fact]
    public async Task A_disk_that_fills_up_refuses_and_loses_nothing()
    {
        var store = new MemoryClientStore();
        ParleyClient alice = await SignUpAsync("alice", store);
        ConversationId group = (await alice.CreateGroupAsync("notes", [], Patience)).Value;
        store.WritesLeft = 0;
        Assert.Equal(ClientErrorCode.StoreFailed, alice.Send(group, new OutgoingMessage.Text("lost?")).Error?.Code);
        store.WritesLeft = null;
        Assert.True(alice.Send(group, new OutgoingMessage.Text("kept")).Succeeded);
        await Until(alice, () => alice.ReadTimeline(group, 1)[0] is { State: DeliveryState.Sent, Content: TimelineContent.Text("kept") });
        Assert.DoesNotContain(alice.ReadTimeline(group, 10), static item => item.Content is TimelineContent.Text("lost?"));
    }

    [Theory]
    [InlineData("http://localhost:8080/i/abc_DEF-123", true)]
    [InlineData("  https://chat.example/i/abc\n", true)]
    [InlineData("https://chat.example/i/", false)]
    [InlineData("https://chat.example/i/abc/def", false)]
    [InlineData("https://chat.example/i/a%20b", false)]
    [InlineData("https://user@chat.example/i/abc", false)]
    [InlineData("ftp://chat.example/i/abc", false)]
    [InlineData("chat.example/i/abc", false)]
    [InlineData(null, false)]
    public void An_invite_link_is_read_strictly(string? text, bool isValid)
    {
        Assert.Equal(isValid, InviteLink.TryParse(text, out InviteLink? link));
        if (isValid)
            Assert.Equal(text?.Trim(), link?.ToString());
    }

    [Fact]
    public async Task What_the_server_wants_later_is_kept_said_and_sent_later()
    {
        ParleyClient alice = await SignUpAsync("alice");
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        var sentences = new System.Collections.Concurrent.ConcurrentBag<string>();
        alice.Changed += change =>
        {
            if (change is ClientEvent.ConnectionChanged changed)
                sentences.Add(changed.Status.Sentence);
        };
        int refusals = 0;
        _network.RefuseFrame = frame => frame.Append is not null && Interlocked.Increment(ref refusals) <= 3 ? new Reply { Error = ErrorCode.RateLimited, RetryAfterMs = 50 } : null;
        alice.Send(conversation, new OutgoingMessage.Text("one"));
        alice.Send(conversation, new OutgoingMessage.Text("two"));
        Assert.True((await alice.FlushAsync(Patience)).Succeeded);
        await Seen(bob, conversation, "two");
        Assert.Equal(["one", "two"], bob.ReadTimeline(conversation, 10).Select(static item => item.Content).OfType<TimelineContent.Text>().Select(static text => text.Body));
        Assert.Contains(sentences, static sentence => sentence.Contains("asks to wait", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_takes_no_KeyPackages_now_does_not_end_the_connection()
    {
        ParleyClient alice = await SignUpAsync("alice");
        ParleyClient bob = await SignUpAsync("bob");
        int refusals = 0;
        _network.RefuseRequest = request => request.Path.StartsWith(Contracts.Routes.KeyPackages, StringComparison.Ordinal) && Interlocked.Increment(ref refusals) == 1
            ? new Contracts.Resources.Refusal("rate_limited", 50)
            : null;
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        alice.Send(conversation, new OutgoingMessage.Text("all the same"));
        await Seen(bob, conversation, "all the same");
        using var patience = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (Volatile.Read(ref refusals) < 2)
            await patience.WaitForNextTickAsync(Patience);
    }

    [Fact]
    public async Task A_refusal_says_when_it_may_be_tried_again()
    {
        ParleyClient alice = await SignUpAsync("alice");
        _network.RefuseRequest = request => request.Path == Contracts.Routes.Invites ? new Contracts.Resources.Refusal("rate_limited", 59_500) : null;
        ClientError refused = (await alice.CreateInviteAsync(1, TimeSpan.FromHours(1), Patience)).Error!;
        Assert.Equal(ClientErrorCode.RateLimited, refused.Code);
        Assert.EndsWith("Try again in 60 seconds.", refused.Sentence, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(59.5), refused.RetryAfter);
    }

    [Fact]
    public async Task A_server_that_lets_one_in_later_is_asked_no_sooner()
    {
        ParleyClient alice = await SignUpAsync("alice");
        _network.RefuseFrame = frame => frame.Hello is null ? null : new Contracts.Wire.Reply { Error = ErrorCode.TooManyConnections, RetryAfterMs = 600_000 };
        DateTimeOffset before = TimeProvider.System.GetUtcNow();
        _network.Cut();
        await Until(alice, () => alice.Connection.Sentence.Contains("too often", StringComparison.Ordinal));
        Assert.True(alice.Connection.RetryAt > before + TimeSpan.FromMinutes(9));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(-5, null)]
    [InlineData(1, 1)]
    [InlineData(long.MaxValue, 3_600_000)]
    public void A_time_to_wait_that_no_server_can_mean_is_bounded(long given, int? expectedMs) =>
        Assert.Equal(expectedMs, (int?)ErrorText.Of(ErrorCode.RateLimited, given).RetryAfter?.TotalMilliseconds);

    [Fact]
    public void Every_error_code_has_a_sentence()
    {
        foreach (ClientErrorCode code in Enum.GetValues<ClientErrorCode>())
            Assert.EndsWith(".", ErrorText.Of(code).Sentence);
        foreach (ErrorCode code in Enum.GetValues<ErrorCode>())
            Assert.NotEmpty(ErrorText.Of(code).Sentence);
    }

    private static Handle HandleOf(string text) => Handle.TryParse(text, out Handle? handle) ? handle : throw new ArgumentException("Not a handle.", nameof(text));

    private static InviteLink Invite() => InviteLink.TryParse("http://parley.test/i/" + FakeNetwork.InviteCode, out InviteLink? link) ? link : throw new InvalidOperationException("Not a link.");

    /// <summary>Waits, without polling, until something the client tells of has come true.</summary>
    private async Task Until(ParleyClient client, Func<bool> condition)
    {
        // A last event may come after the end: nothing of it is disposed.
        var changed = new Signal();
        void OnChanged(ClientEvent change) => changed.Set();
        client.Changed += OnChanged;
        try
        {
            while (!condition())
                await changed.WaitAsync(atMost: null, TimeProvider.System, Patience);
        }
        finally
        {
            client.Changed -= OnChanged;
        }
    }

    private Task Seen(ParleyClient client, ConversationId conversation, string text) =>
        Until(client, () => client.ReadTimeline(conversation, 10).Any(item => item.Content is TimelineContent.Text(var body) && body == text));

    private ClientOptions Options(MemoryClientStore store) => new() { Store = store, Crypto = Crypto, Transport = _ => _network.Connect() };

    private async Task<ParleyClient> SignUpAsync(string handle, MemoryClientStore? store = null)
    {
        ParleyClient client = Keep((await ParleyClient.SignUpAsync(Options(store ?? new MemoryClientStore()), Invite(), HandleOf(handle), Patience)).Value);
        client.Start();
        Assert.True((await client.CatchUpAsync(Patience)).Succeeded);
        return client;
    }

    private ParleyClient Keep(ParleyClient client)
    {
        _clients.Add(client);
        return client;
    }
}
