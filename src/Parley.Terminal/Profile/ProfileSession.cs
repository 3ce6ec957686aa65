using Parley.Client;
using Parley.Client.Devices;
using Parley.Client.Recovery;
using Parley.Client.Sqlite;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Terminal.Profile;

/// <summary>A profile opened by this process: its store, and the client once there is an account. One process at a time.</summary>
internal sealed class ProfileSession : IAsyncDisposable
{
    private readonly ClientOptions _options;

    private ProfileSession(ClientOptions options) => _options = options;

    /// <summary>The client, null until there is an account.</summary>
    public ParleyClient? Client { get; private set; }

    /// <summary>Opens a profile's folder, making it if need be.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="allowsFallbackSuite">Whether conversations may begin without post-quantum encryption, see <see cref="ClientOptions.AllowsFallbackSuite"/>.</param>
    /// <param name="askPassphrase">Asked if the profile is locked, see <see cref="ProfileStore.Open"/>.</param>
    public static ClientResult<ProfileSession> Open(string folder, bool allowsFallbackSuite, Func<Secret?> askPassphrase)
    {
        var crypto = new NativeCryptoProvider(RandomSource.System);
        return ProfileStore.Open(folder, crypto, askPassphrase).TryGetValue(out IClientStore? store, out ClientError? error)
            ? ClientResult.Of(new ProfileSession(new ClientOptions
            {
                Store = store,
                Crypto = crypto,
                ClientName = "parley-terminal/" + Version(),
                AllowsFallbackSuite = allowsFallbackSuite,
            }))
            : ClientResult.Refuse<ProfileSession>(error);
    }

    /// <summary>Opens the account.</summary>
    public async Task<ClientResult> OpenAccountAsync(CancellationToken cancellationToken) => Keep(await ParleyClient.OpenAsync(_options, cancellationToken));

    /// <summary>Makes an account; tried again, it goes on with the same keys.</summary>
    public async Task<ClientResult> SignUpAsync(InviteLink invite, Handle handle, CancellationToken cancellationToken) =>
        Keep(await ParleyClient.SignUpAsync(_options, invite, handle, cancellationToken));

    /// <summary>Asks a server for a code by which a device of an account can take this one in.</summary>
    public Task<ClientResult<LinkingDevice>> BeginLinkAsync(Uri server, CancellationToken cancellationToken) => LinkingDevice.BeginAsync(_options, server, cancellationToken);

    /// <summary>Keeps the account that a device of it has handed over.</summary>
    public async Task<ClientResult> FinishLinkAsync(LinkingDevice device, CancellationToken cancellationToken) => Keep(await device.FinishAsync(cancellationToken));

    /// <summary>Brings the account of a backup back as a new device of it.</summary>
    public async Task<ClientResult<ArchiveSummary>> RestoreAsync(string path, RecoveryCode code, Uri? server, CancellationToken cancellationToken)
    {
        var restored = await ParleyClient.RestoreAsync(_options, path, code, server, progress: null, cancellationToken);
        if (!restored.Succeeded)
            return ClientResult.Refuse<ArchiveSummary>(restored.Error);
        Client = restored.Value.Client;
        return ClientResult.Of(restored.Value.Summary);
    }

    /// <summary>A user name made from the name one is signed in to the system with; empty if none can be.</summary>
    public static string SuggestedName()
    {
        string name = string.Concat(Environment.UserName.ToLowerInvariant().Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')).TrimStart('_', '.', '-');
        return Handle.TryParse(name, out Handle? handle) && handle.Value is not "root" ? handle.Value : "";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
            await Client.DisposeAsync();
        _options.Store.Dispose();
    }

    /// <summary>The program's version.</summary>
    public static string Version() => typeof(ProfileSession).Assembly.GetName().Version?.ToString(3) ?? "0";

    private ClientResult Keep(ClientResult<ParleyClient> opened)
    {
        if (!opened.TryGetValue(out ParleyClient? client, out ClientError? error))
            return ClientResult.Refuse(error);
        Client = client;
        return ClientResult.Success;
    }
}
