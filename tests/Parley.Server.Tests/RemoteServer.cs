using System.Net;
using System.Net.Http.Json;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;

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

    public async Task<string> SignInAsync(TestDevice device)
    {
        Challenge challenge = await ChallengeAsync(device);
        HttpResponseMessage response = await AnswerAsync(device, challenge.Bytes, device.Sign(SignedContent.SignIn(TestServer.Name, device.Id, challenge.Bytes)));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync(ResourcesJson.Default.Session))!.Token;
    }

    public async Task<Challenge> ChallengeAsync(TestDevice device)
    {
        HttpResponseMessage response = await Http.PostAsJsonAsync(Routes.Challenges, new NewChallenge(device.Id.ToArray()), ResourcesJson.Default.NewChallenge);
        return (await response.Content.ReadFromJsonAsync(ResourcesJson.Default.Challenge))!;
    }

    public Task<HttpResponseMessage> AnswerAsync(TestDevice device, byte[] challenge, byte[] signature) =>
        Http.PostAsJsonAsync(Routes.Sessions, new NewSession(device.Id.ToArray(), challenge, signature), ResourcesJson.Default.NewSession);

    public virtual ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }
}
