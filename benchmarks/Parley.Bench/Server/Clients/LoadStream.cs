using System.Net.Security;
using System.Net.Sockets;

namespace Parley.Bench.Server.Clients;

/// <summary>A TCP connection that costs as little as possible: what was received stands in one buffer, which grows with what comes at once.</summary>
internal sealed class LoadStream : IDisposable
{
    private const int BufferBytesMin = 2 * 1024;
    private const int BufferBytesMax = 256 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private SslStream? _tls;
    private byte[] _buffer = new byte[BufferBytesMin];
    private int _start;
    private int _end;

    private LoadStream()
    {
    }

    /// <summary>What was received and not taken. Valid until the next <see cref="ReceiveAsync"/>.</summary>
    public ReadOnlyMemory<byte> Received => _buffer.AsMemory(_start, _end - _start);

    public static async Task<LoadStream> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        var stream = new LoadStream();
        try
        {
            await stream._socket.ConnectAsync(server.Host, server.Port, cancellationToken);
            if (server.Scheme == Uri.UriSchemeHttps)
                await stream.EncryptAsync(server.Host, cancellationToken);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (_tls is not null)
        {
            await _tls.WriteAsync(bytes, cancellationToken);
            return;
        }

        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, cancellationToken)..];
    }

    /// <summary>Takes bytes from the front of what was received.</summary>
    public void Take(int bytes) => _start += bytes;

    /// <summary>Waits for more. False if the server has closed the connection.</summary>
    public async ValueTask<bool> TryReceiveAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        int received = _tls is null ? await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken) : await _tls.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += received;

        // It was full, so that there is more: the next receive takes it at once.
        if (_end == _buffer.Length && _buffer.Length < BufferBytesMax)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        return received > 0;
    }

    /// <summary>Waits for more.</summary>
    public async ValueTask ReceiveAsync(CancellationToken cancellationToken)
    {
        if (!await TryReceiveAsync(cancellationToken))
            throw new IOException("The server has closed the connection.");
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    /// <summary>By a certificate that the benchmark has made: which it is, is not what is measured.</summary>
    private async Task EncryptAsync(string host, CancellationToken cancellationToken)
    {
        _tls = new SslStream(new NetworkStream(_socket), leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate is not null);
        await _tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancellationToken);
    }
}
