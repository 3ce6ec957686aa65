using System.Net;
using System.Net.Http.Json;
using Parley.Contracts;
using Parley.Contracts.Resources;

namespace Parley.Server.Tests;

/// <summary>Checks that a request was refused, with the right code.</summary>
internal static class Refusals
{
    public static async Task AssertAsync(HttpStatusCode status, ErrorCode code, Task<HttpResponseMessage> response)
    {
        HttpResponseMessage received = await response;
        Assert.Equal(status, received.StatusCode);
        Refusal? refusal = await received.Content.ReadFromJsonAsync(ResourcesJson.Default.Refusal);
        Assert.Equal(code.Name(), refusal!.Code);
    }
}
