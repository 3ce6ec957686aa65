namespace Parley.Client.Transport;

/// <summary>
/// How bytes reach the server: JSON resources over HTTP and binary frames over one WebSocket. It knows no more of the protocol than
/// that, so what is tested over a fake one is all that runs over the real one. Nothing that comes through it is trusted.
/// </summary>
public interface ITransport : IDisposable
{
    /// <summary>Sends one request and reads the whole answer, bounded by the contract's limits.</summary>
    /// <exception cref="TransportException">No answer.</exception>
    Task<ResourceResponse> SendAsync(ResourceRequest request, CancellationToken cancellationToken);

    /// <summary>Opens the WebSocket.</summary>
    /// <exception cref="TransportException">It could not be opened.</exception>
    Task<IFrameChannel> ConnectAsync(CancellationToken cancellationToken);
}

/// <summary>One open WebSocket. One reader and one writer at a time.</summary>
public interface IFrameChannel : IAsyncDisposable
{
    /// <summary>Sends one binary message.</summary>
    /// <exception cref="TransportException">The connection is gone.</exception>
    Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken);

    /// <summary>The next binary message, or null when the server has closed.</summary>
    /// <exception cref="TransportException">The connection is gone, or the message is larger than the contract allows.</exception>
    Task<byte[]?> ReceiveAsync(CancellationToken cancellationToken);
}

/// <summary>A request for a resource.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, from the root.</param>
/// <param name="Body">JSON, or null.</param>
/// <param name="Token">The token that a device got when it signed in, or null.</param>
public sealed record ResourceRequest(HttpMethod Method, string Path, byte[]? Body = null, string? Token = null);

/// <summary>The answer.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON; may be empty.</param>
public sealed record ResourceResponse(int Status, byte[] Body);

/// <summary>The server could not be reached, or the connection broke.</summary>
public sealed class TransportException : Exception
{
    /// <summary>Makes the exception.</summary>
    public TransportException()
    {
    }

    /// <summary>Makes the exception with what is wrong.</summary>
    public TransportException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with what is wrong and its cause.</summary>
    public TransportException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
