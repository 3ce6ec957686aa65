using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Limiting;

namespace Parley.Server.Http;

/// <summary>A refusal as an HTTP result: the code's name in the body, and the status that fits it.</summary>
internal sealed class Refused(ErrorCode code, TimeSpan? retryAfter = null) : IResult, IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status400BadRequest, typeof(Refusal), ["application/json"]));
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        TimeSpan? wait = retryAfter ?? RetryAfter.Of(code);
        int? retryMs = wait is null ? null : (int)RetryAfter.Milliseconds(wait.Value);
        httpContext.Response.StatusCode = StatusOf(code);
        if (wait is not null)
            httpContext.Response.Headers.RetryAfter = Math.Ceiling(wait.Value.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return httpContext.Response.WriteAsJsonAsync(new Refusal(code.Name(), retryMs), ResourcesJson.Default.Refusal, cancellationToken: httpContext.RequestAborted);
    }

    private static int StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.Internal => StatusCodes.Status500InternalServerError,
        ErrorCode.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.RateLimited or ErrorCode.TooManyConnections => StatusCodes.Status429TooManyRequests,
        ErrorCode.Unauthenticated or ErrorCode.ChallengeFailed => StatusCodes.Status401Unauthorized,
        ErrorCode.Forbidden or ErrorCode.RecoveryRefused => StatusCodes.Status403Forbidden,
        ErrorCode.NotFound or ErrorCode.InviteUnknown or ErrorCode.DeviceUnknown or ErrorCode.LinkUnknown => StatusCodes.Status404NotFound,
        ErrorCode.StoreUnavailable or ErrorCode.Overloaded => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.InviteExpired or ErrorCode.InviteUsed => StatusCodes.Status410Gone,
        ErrorCode.HandleTaken or ErrorCode.KeyPackageExhausted or ErrorCode.GroupExists or ErrorCode.LinkUsed or ErrorCode.TooManyDevices => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status400BadRequest,
    };
}
