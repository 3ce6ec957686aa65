using System.Net.Http.Headers;
using System.Net.WebSockets;
using Parley.Contracts;

namespace Parley.Client.Transport;

/// <summary>The transport over HTTP and a WebSocket, on every platform that has them.</summary>
public sealed class HttpTransport : ITransport
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    private readonly Uri _server;
    private readonly HttpClient _http;

    /// <summary>Makes the transport. Nothing is sent yet.</summary>
    /// <param name="server">The server's address, <c>http</c> or <c>https</c>.</param>
    /// <param name="handler">What sends the requests; the transport disposes it. Null for the platform's own.</param>
    public HttpTransport(Uri server, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        _server = server;
        _http = handler is null ? new HttpClient() : new HttpClient(handler);
        _http.BaseAddress = server;
        _http.MaxResponseContentBufferSize = Limits.RequestBodyBytesMax;
    }

    /// <inheritdoc/>
    public async Task<ResourceResponse> SendAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var message = new HttpRequestMessage(request.Method, request.Path);
        if (request.Token is not null)
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", request.Token);
        if (request.Body is not null)
        {
            message.Content = new ByteArrayContent(request.Body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            using HttpResponseMessage response = await _http.SendAsync(message, cancellationToken);
            return new ResourceResponse((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (HttpRequestException e)
        {
            throw new TransportException("No answer from the server.", e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransportException("The server took too long to answer.", e);
        }
    }

    /// <inheritdoc/>
    public async Task<IFrameChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        var address = new UriBuilder(new Uri(_server, Routes.Socket)) { Scheme = _server.Scheme == "https" ? "wss" : "ws" };
        var socket = new ClientWebSocket();
        if (!OperatingSystem.IsBrowser())
        {
            // A connection whose other end has gone without a word is noticed; a browser sees to that itself.
            socket.Options.KeepAliveInterval = KeepAlive;
            socket.Options.KeepAliveTimeout = KeepAlive;
        }

        try
        {
            await socket.ConnectAsync(address.Uri, cancellationToken);
            return new WebSocketChannel(socket);
        }
        catch (WebSocketException e)
        {
            socket.Dispose();
            throw new TransportException("No connection to the server.", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
