using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Parley.Server.Limiting;

namespace Parley.Server.Sockets;

/// <summary>
/// Stands between the WebSocket class and the connection: reads pass through, writes go to the connection's <see cref="Outbound"/>, which
/// hands them to the transport itself. Kestrel's layers in between are for bodies of HTTP, and nothing else writes on an upgraded connection.
/// The WebSocket class writes each of its frames (pong, ping, close) in one call, and so do we, so frames never mix.
/// </summary>
internal sealed class CoalescingStream : Stream
{
    private readonly Stream _transport;
    private readonly SocketServices _services;
    private double _controlFramesFullAt;

    public CoalescingStream(Stream transport, PipeWriter output, Action abort, SocketServices services)
    {
        _transport = transport;
        _services = services;
        Outbound = new Outbound(output, abort, services.Memory, services.Clock);
    }

    public Outbound Outbound { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _transport.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>
    /// A peer that pings and does not read its pongs is made to wait like any other, and one that pings without a pause is read no faster
    /// than it is answered.
    /// </summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Outbound.RoomAsync(cancellationToken);
        while (_services.Rates.ControlFrames.Take(ref _controlFramesFullAt, Rate.Now(_services.Clock)) is { } wait)
            await Task.Delay(wait, _services.Clock, cancellationToken);
        Outbound.WriteFrame(buffer.Span);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Without the <see cref="Outbound"/>: the WebSocket class disposes this once both sides have said goodbye, and ours may still wait to be sent.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _transport.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Makes the WebSocket middleware upgrade to a <see cref="CoalescingStream"/>.</summary>
internal sealed class CoalescingUpgrade(IHttpUpgradeFeature inner, PipeWriter output, Action abort, SocketServices services) : IHttpUpgradeFeature
{
    public bool IsUpgradableRequest => inner.IsUpgradableRequest;

    /// <summary>The stream of the connection, once it was upgraded.</summary>
    public CoalescingStream? Stream { get; private set; }

    public async Task<Stream> UpgradeAsync() => Stream = new CoalescingStream(await inner.UpgradeAsync(), output, abort, services);
}
