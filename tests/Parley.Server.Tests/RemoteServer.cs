using System.Net;
using System.Net.Http.Json;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests;

/// <summary>A server at an address, as its clients see it.</summary>
internal class RemoteServer(Uri address) : IAsyncDisposable
{
    public Uri Address { get; } = address;

    public HttpClient Http { get; } = new() { BaseAddress = address };

    /// <summary>Registers and signs in a new account.</summary>
    public async Task<TestClient> JoinAsync(string handle, string invite, DateTimeOffset? now = null)
    {
        var device = new TestDevice(handle, createdAt: now);
        HttpResponseMessage response = await RegisterAsync(device, invite);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new TestClient(this, device, await SignInAsync(device));
    }

    public Task<HttpResponseMessage> RegisterAsync(TestDevice device, string invite) =>
        Http.PostAsJsonAsync(Routes.Accounts, new NewAccount(invite, device.Certificate.Encoded.ToArray()), ResourcesJson.Default.NewAccount);

    /// <summary>Signs in for a token.</summary>
    public async Task<string> SignInAsync(TestDevice device)
    {
        await using TestSocket socket = await TestSocket.OpenAsync(Address);
        Reply reply = await socket.SignInAsync(device);
        Assert.Equal(ErrorCode.None, reply.Error);
        return reply.Hello.Token;
    }

    public virtual ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }
}
