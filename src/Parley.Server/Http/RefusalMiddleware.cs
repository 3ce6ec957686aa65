using Parley.Server.Storage;

namespace Parley.Server.Http;

/// <summary>
/// The boundary of every HTTP request: whatever goes wrong inside becomes a refusal with a code, and only our own faults are logged.
/// The request's path is not, as it may hold an invite code.
/// </summary>
internal sealed partial class RefusalMiddleware(RequestDelegate next, ILogger<RefusalMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        ErrorCode code;
        try
        {
            await next(context);
            code = context.Response.HasStarted || context.Response.ContentLength is not null ? ErrorCode.None : CodeOf(context.Response.StatusCode);
        }
        catch (BadHttpRequestException e)
        {
            code = CodeOf(e.StatusCode);
        }
        catch (StoreUnavailableException)
        {
            code = ErrorCode.StoreUnavailable;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // The request's boundary.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.RequestFailed(logger, e);
            code = ErrorCode.Internal;
        }

        if (code != ErrorCode.None && !context.Response.HasStarted)
            await new Refused(code).ExecuteAsync(context);
    }

    /// <summary>The code for a status that the framework has set without a body.</summary>
    private static ErrorCode CodeOf(int status) => status switch
    {
        < 400 => ErrorCode.None,
        StatusCodes.Status401Unauthorized => ErrorCode.Unauthenticated,
        StatusCodes.Status403Forbidden => ErrorCode.Forbidden,
        StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed => ErrorCode.NotFound,
        StatusCodes.Status413PayloadTooLarge => ErrorCode.TooLarge,
        StatusCodes.Status429TooManyRequests => ErrorCode.RateLimited,
        StatusCodes.Status500InternalServerError => ErrorCode.Internal,
        _ => ErrorCode.Malformed,
    };

    private static partial class Log
    {
        [LoggerMessage(1200, LogLevel.Error, "A request failed")]
        public static partial void RequestFailed(ILogger logger, Exception error);
    }
}
