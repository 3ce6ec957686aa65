namespace Parley.Bench.Server.Clients;

/// <summary>A client's connection to a chat server, of which a load needs only this.</summary>
internal abstract class ChatClient(LoadStream stream) : IDisposable
{
    /// <summary>What a client says before it leaves.</summary>
    protected abstract ReadOnlyMemory<byte> Goodbye { get; }

    protected LoadStream Stream => stream;

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => stream.SendAsync(bytes, cancellationToken);

    /// <summary>Waits for more. What was received before must have been taken.</summary>
    public ValueTask ReceiveAsync(CancellationToken cancellationToken) => stream.ReceiveAsync(cancellationToken);

    /// <summary>The next chat message that was received: when it was sent, as a timestamp of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public abstract bool TryTakeMessage(out long sentAt);

    /// <summary>Says goodbye, and waits for the server's end of the connection.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        await stream.SendAsync(Goodbye, cancellationToken);
        while (await stream.TryReceiveAsync(cancellationToken))
            stream.Take(stream.Received.Length);
        stream.Dispose();
    }

    public void Dispose() => stream.Dispose();
}
