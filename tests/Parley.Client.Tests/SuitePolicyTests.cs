using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Client.Tests.Engine;
using Parley.Client.Tests.Transport;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;

namespace Parley.Client.Tests;

/// <summary>Conversations begin in the hybrid suite; in the fallback one only if the user allows it, a device needs it, and everyone is told.</summary>
public sealed class SuitePolicyTests : IAsyncDisposable
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
    public async Task A_conversation_begins_in_the_hybrid_suite()
    {
        ParleyClient alice = await SignUpAsync("alice", allowsFallback: true);
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId direct = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        ConversationId group = (await alice.CreateGroupAsync("club", [bob.Self], Patience)).Value;
        await CaughtUp(bob, direct, group);
        Assert.All(alice.Conversations.Concat(bob.Conversations), static conversation => Assert.True(conversation.IsPostQuantum));
        Assert.DoesNotContain(Warning, Notices(alice, direct).Concat(Notices(bob, direct)).Concat(Notices(bob, group)));
    }

    [Fact]
    public async Task Who_cannot_do_it_is_refused_and_nothing_begins()
    {
        ParleyClient alice = await SignUpAsync("alice");
        Handle old = AddOldDevice("old");
        Assert.Equal(ClientErrorCode.PeerNotPostQuantum, (await alice.OpenDirectAsync(old, Patience)).Error?.Code);
        Assert.Equal(ClientErrorCode.PeerNotPostQuantum, (await alice.CreateGroupAsync("club", [old], Patience)).Error?.Code);
        Assert.Empty(alice.Conversations);
    }

    [Fact]
    public async Task Where_the_user_allows_it_it_begins_in_the_fallback_suite_and_says_so()
    {
        ParleyClient alice = await SignUpAsync("alice", allowsFallback: true);
        ParleyClient bob = await SignUpAsync("bob");
        Handle old = AddOldDevice("old");
        ConversationId group = (await alice.CreateGroupAsync("club", [bob.Self, old], Patience)).Value;
        await CaughtUp(bob, group);
        Assert.All(alice.Conversations.Concat(bob.Conversations), static conversation => Assert.False(conversation.IsPostQuantum));
        Assert.Contains(Warning, Notices(alice, group));
        Assert.Contains(Warning, Notices(bob, group));

        ParleyClient carol = await SignUpAsync("carol");
        Assert.True((await alice.AddMemberAsync(group, carol.Self, Patience)).Succeeded);
        await CaughtUp(carol, group);
        Assert.Contains(Warning, Notices(carol, group));
    }

    /// <summary>A device that lists the hybrid suite in what it has signed needs no fallback, whatever the server says it has left.</summary>
    [Fact]
    public async Task A_server_that_withholds_KeyPackages_gets_no_weaker_conversation()
    {
        ParleyClient alice = await SignUpAsync("alice", allowsFallback: true);
        ParleyClient bob = await SignUpAsync("bob");
        _network.OnServer(server => server.ForgetKeyPackages(bob.Device, MlsProfile.Suite));
        Assert.Equal(ClientErrorCode.PeerUnreachable, (await alice.OpenDirectAsync(bob.Self, Patience)).Error?.Code);
        Assert.Empty(alice.Conversations);
    }

    [Fact]
    public async Task Who_cannot_do_it_is_not_added_to_a_conversation_that_does()
    {
        ParleyClient alice = await SignUpAsync("alice", allowsFallback: true);
        ConversationId group = (await alice.CreateGroupAsync("club", [], Patience)).Value;
        Assert.Equal(ClientErrorCode.PeerNotPostQuantum, (await alice.AddMemberAsync(group, AddOldDevice("old"), Patience)).Error?.Code);
        ParleyClient bob = await SignUpAsync("bob");
        _network.OnServer(server => server.ForgetKeyPackages(bob.Device, MlsProfile.Suite));
        Assert.Equal(ClientErrorCode.PeerUnreachable, (await alice.AddMemberAsync(group, bob.Self, Patience)).Error?.Code);
        Assert.True(Assert.Single(alice.Conversations).IsPostQuantum);
    }

    private static string Warning => Parley.Client.Conversations.Notices.NotPostQuantum();

    private static IEnumerable<string> Notices(ParleyClient client, ConversationId conversation) =>
        client.ReadTimeline(conversation, 100).Select(static item => item.Content).OfType<TimelineContent.Notice>().Select(static notice => notice.Sentence);

    private async Task CaughtUp(ParleyClient client, params ConversationId[] conversations)
    {
        // A last event may come after the end: nothing of it is disposed.
        var changed = new Signal();
        void OnChanged(ClientEvent change) => changed.Set();
        client.Changed += OnChanged;
        while (conversations.Except(client.Conversations.Select(static conversation => conversation.Id)).Any())
            await changed.WaitAsync(atMost: null, TimeProvider.System, Patience);
        client.Changed -= OnChanged;
    }

    /// <summary>An account whose device has only the fallback suite, and says so in its leaf.</summary>
    private Handle AddOldDevice(string name)
    {
        if (!Handle.TryParse(name, out Handle? handle))
            throw new ArgumentException("Not a handle.", nameof(name));
        using LocalIdentity identity = LocalIdentity.Create(Crypto, handle, FakeServer.Name, DateTimeOffset.UtcNow);
        LeafIdentity leaf = identity.Leaf with { Capabilities = identity.Leaf.Capabilities with { CipherSuites = [MlsProfile.FallbackSuite] } };
        ulong now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        using KeyPackageBundle bundle = KeyPackageBundle.Create(Crypto, MlsProfile.FallbackSuite, leaf, new Lifetime(now, now + 1000), MlsProfile.LastResort);
        byte[] keyPackage = bundle.KeyPackage.Encode();
        _network.OnServer(server =>
        {
            server.Register(identity.Certificate);
            server.AddKeyPackages(identity.Certificate.DeviceId, [keyPackage]);
        });
        return handle;
    }

    private async Task<ParleyClient> SignUpAsync(string name, bool allowsFallback = false)
    {
        if (!Handle.TryParse(name, out Handle? handle) || !InviteLink.TryParse("http://parley.test/i/" + FakeNetwork.InviteCode, out InviteLink? invite))
            throw new ArgumentException("Not a handle.", nameof(name));
        var options = new ClientOptions { Store = new MemoryClientStore(), Crypto = Crypto, Transport = _ => _network.Connect(), AllowsFallbackSuite = allowsFallback };
        ParleyClient client = (await ParleyClient.SignUpAsync(options, invite, handle, Patience)).Value;
        _clients.Add(client);
        client.Start();
        Assert.True((await client.CatchUpAsync(Patience)).Succeeded);
        return client;
    }
}
