using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;

namespace Parley.Client.Identity;

/// <summary>
/// Makes an account. The keys are stored before the server hears of them, and the server takes the same account twice: wherever it breaks
/// off, running it again goes on with the same keys, and nobody is left with an account whose keys are lost.
/// </summary>
internal static class SignUp
{
    public static async Task<ClientResult> RunAsync(ClientOptions options, InviteLink invite, Handle handle, CancellationToken cancellationToken)
    {
        Profile? stored = Profile.Load(options.Crypto, options.Store);
        if (stored is { IsRegistered: true })
        {
            stored.Identity.Dispose();
            return ClientResult.Refuse(ClientErrorCode.AccountPresent);
        }

        using ITransport transport = options.Transport(invite.Server);
        var resources = new ServerResources(transport);
        ClientResult<ServerInfo> server = await resources.GetServerAsync(cancellationToken);
        if (!server.Succeeded)
            return ClientResult.Refuse(server.Error);
        if (!server.Value.ProtocolVersions.Contains(Limits.ProtocolVersion))
            return ClientResult.Refuse(ClientErrorCode.VersionUnsupported);
        if (server.Value.Name.Length is 0 or > Limits.ServerNameCharsMax || !System.Text.Ascii.IsValid(server.Value.Name))
            return ClientResult.Refuse(ClientErrorCode.ServerMisbehaved);

        DateTimeOffset now = options.Time.GetUtcNow();
        bool goesOn = stored is not null && stored.Identity.Certificate.Handle == handle && stored.Identity.Certificate.Server == server.Value.Name;
        if (!goesOn)
            stored?.Identity.Dispose();
        using LocalIdentity identity = goesOn ? stored!.Identity /* not null if it goes on */ : LocalIdentity.Create(options.Crypto, handle, server.Value.Name, now);
        var profile = new Profile(identity, invite.Server, IsRegistered: false, Nickname: "");
        Save(options.Store, profile);

        ClientResult<Account> account = await resources.CreateAccountAsync(new NewAccount(invite.Code, identity.Certificate.Encoded.ToArray()), cancellationToken);
        if (!account.Succeeded)
            return ClientResult.Refuse(account.Error);
        Save(options.Store, profile with { IsRegistered = true });
        return ClientResult.Success;
    }

    private static void Save(IClientStore store, Profile profile)
    {
        var batch = new StoreBatch();
        profile.Save(batch);
        store.Write(batch);
    }
}
