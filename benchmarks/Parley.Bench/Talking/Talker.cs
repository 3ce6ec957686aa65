using System.Diagnostics;
using Parley.Client;
using Parley.Client.Devices;
using Parley.Client.Sqlite;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Bench.Talking;

/// <summary>A person with a whole client: engine, loops, and an encrypted profile on the disk.</summary>
internal sealed class Talker : IAsyncDisposable
{
    private readonly NativeCryptoProvider _crypto = new(RandomSource.System);

    private Talker(string folder) => Folder = folder;

    public string Folder { get; }

    public CountingStore Store { get; private set; } = new(new MemoryClientStore());

    /// <summary>The client; only between opening and closing.</summary>
    public Parley.Client.ParleyClient Client { get; private set; } = null!; // Set by whoever makes a talker, before anybody has it.

    /// <summary>Makes an account.</summary>
    public static async Task<Talker> SignUpAsync(string folder, Uri server, string code, string name, CancellationToken cancellationToken)
    {
        var talker = new Talker(folder);
        if (!Handle.TryParse(name, out Handle? handle) || !InviteLink.TryParse(new Uri(server, "/i/" + code).AbsoluteUri, out InviteLink? invite))
            throw new InvalidOperationException("The name and the link are ours.");
        talker.Client = (await Parley.Client.ParleyClient.SignUpAsync(talker.Options(), invite, handle, cancellationToken)).Value;
        return talker;
    }

    /// <summary>Makes a further device of another's account. Its client is not started.</summary>
    public static async Task<Talker> LinkAsync(string folder, Uri server, Talker first, CancellationToken cancellationToken)
    {
        var talker = new Talker(folder);
        using LinkingDevice device = (await LinkingDevice.BeginAsync(talker.Options(), server, cancellationToken)).Value;
        Task<ClientResult<LinkOffer>> offered = device.WaitAsync(cancellationToken);
        Task<ClientResult<DeviceId>> added = first.Client.AddDeviceAsync(device.Text, static _ => Task.FromResult<string?>(null), static _ => { }, cancellationToken);
        if (!(await offered).Succeeded)
            throw new InvalidOperationException("Nobody has answered.");
        talker.Client = (await device.FinishAsync(cancellationToken)).Value;
        return (await added).Succeeded ? talker : throw new InvalidOperationException("The device was not added.");
    }

    /// <summary>Closes the client with its files and opens it again; returns how long the opening took, a page of the conversation read.</summary>
    public async Task<TimeSpan> ReopenAsync(ConversationId conversation, CancellationToken cancellationToken)
    {
        await DisposeAsync();
        long started = Stopwatch.GetTimestamp();
        Client = (await Parley.Client.ParleyClient.OpenAsync(Options(), cancellationToken)).Value;
        _ = Client.Conversations;
        _ = Client.ReadTimeline(conversation, 50);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Returns when the newest item of the conversation is this text: it is stored, and a screen would show it.</summary>
    public async Task SeesAsync(ConversationId conversation, string text, CancellationToken cancellationToken)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Client.Changed += Look;
        try
        {
            Look(null);
            await seen.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Client.Changed -= Look;
        }

        void Look(ClientEvent? change)
        {
            if (Client.ReadTimeline(conversation, 1) is [{ Content: TimelineContent.Text { Body: var body } }] && body == text)
                seen.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        Store.Dispose();
    }

    private ClientOptions Options()
    {
        Store = new CountingStore(ProfileStore.Open(Folder, _crypto).Value);
        return new ClientOptions { Store = Store, Crypto = _crypto, ClientName = "parley-bench" };
    }
}
