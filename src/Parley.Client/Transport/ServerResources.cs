using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.Mls.Messages;

namespace Parley.Client.Transport;

/// <summary>The server's HTTP resources as typed calls. Each gives a value or the refusal in the client's own words; only a broken connection is thrown.</summary>
internal sealed class ServerResources(ITransport transport)
{
    private static readonly ResourcesJson Json = ResourcesJson.Default;

    public Task<ClientResult<ServerInfo>> GetServerAsync(CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Get, Routes.Server), Json.ServerInfo, cancellationToken);

    public Task<ClientResult<Account>> CreateAccountAsync(NewAccount account, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Post, Routes.Accounts, Encode(account, Json.NewAccount)), Json.Account, cancellationToken);

    public Task<ClientResult<KeyPackageStock>> GetStockAsync(CipherSuite suite, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, (ushort)suite), Token: token), Json.KeyPackageStock, cancellationToken);

    public Task<ClientResult> AddKeyPackagesAsync(IReadOnlyList<byte[]> keyPackages, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Post, Routes.KeyPackages, Encode(new NewKeyPackages(keyPackages), Json.NewKeyPackages), token), cancellationToken);

    public Task<ClientResult<ClaimedKeyPackages>> ClaimKeyPackagesAsync(Handle handle, CipherSuite suite, string token, CancellationToken cancellationToken)
    {
        string route = Routes.OfSuite(Routes.AccountKeyPackages.Replace("{handle}", handle.Value), (ushort)suite);
        return SendAsync(new ResourceRequest(HttpMethod.Post, route, Token: token), Json.ClaimedKeyPackages, cancellationToken);
    }

    public Task<ClientResult> AddDeviceAsync(DeviceCertificate certificate, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Post, Routes.Devices, Encode(new NewDevice(certificate.Encoded.ToArray()), Json.NewDevice), token), cancellationToken);

    public Task<ClientResult> RevokeDeviceAsync(DeviceId device, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Delete, Routes.DeviceById.Replace("{device}", device.ToString()), Token: token), cancellationToken);

    public Task<ClientResult<Account>> GetAccountAsync(Handle handle, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", handle.Value), Token: token), Json.Account, cancellationToken);

    public Task<ClientResult<Link>> CreateLinkAsync(byte[] commitment, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Post, Routes.Links, Encode(new NewLink(commitment), Json.NewLink)), Json.Link, cancellationToken);

    public Task<ClientResult<LinkState>> GetLinkAsync(string code, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Get, Routes.LinkByCode.Replace("{code}", code)), Json.LinkState, cancellationToken);

    public Task<ClientResult> RevealLinkAsync(string code, byte[] secret, byte[] content, CancellationToken cancellationToken) => SendAsync(
        new ResourceRequest(HttpMethod.Put, Routes.LinkReveal.Replace("{code}", code), Encode(new LinkReveal(secret, content), Json.LinkReveal)), cancellationToken);

    public Task<ClientResult> PutLinkAsync(string route, string code, byte[] content, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Put, route.Replace("{code}", code), Encode(new LinkMessage(content), Json.LinkMessage), token), cancellationToken);

    public Task<ClientResult<Invite>> CreateInviteAsync(NewInvite invite, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Post, Routes.Invites, Encode(invite, Json.NewInvite), token), Json.Invite, cancellationToken);

    public Task<ClientResult> CreateGroupAsync(ConversationId group, string token, CancellationToken cancellationToken) =>
        SendAsync(new ResourceRequest(HttpMethod.Put, Routes.GroupById.Replace("{group}", group.ToString()), Token: token), cancellationToken);

    private static byte[] Encode<T>(T body, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(body, type);

    private static bool IsSuccess(ResourceResponse response) => response.Status is >= 200 and < 300;

    private static ClientError ReadRefusal(ResourceResponse response)
    {
        if (TryRead(response.Body, Json.Refusal) is { } refusal)
            return ErrorText.Of(ErrorCodes.Parse(refusal.Code), refusal.RetryAfterMs ?? 0);
        // Not the server's own words: something in front of it, such as a proxy.
        return ErrorText.Of(response.Status switch
        {
            401 => ErrorCode.Unauthenticated,
            429 => ErrorCode.RateLimited,
            503 => ErrorCode.Overloaded,
            _ => ErrorCode.Internal,
        });
    }

    private static T? TryRead<T>(byte[] body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<ClientResult> SendAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        ResourceResponse response = await transport.SendAsync(request, cancellationToken);
        return IsSuccess(response) ? ClientResult.Success : ClientResult.Refuse(ReadRefusal(response));
    }

    private async Task<ClientResult<T>> SendAsync<T>(ResourceRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        ResourceResponse response = await transport.SendAsync(request, cancellationToken);
        if (!IsSuccess(response))
            return ClientResult.Refuse<T>(ReadRefusal(response));
        return TryRead(response.Body, type) is { } value ? ClientResult.Of(value) : ClientResult.Refuse<T>(ClientErrorCode.ServerMisbehaved);
    }
}
