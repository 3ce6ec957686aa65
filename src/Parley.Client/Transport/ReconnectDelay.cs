using System.Buffers.Binary;
using Parley.Mls.Crypto;

namespace Parley.Client.Transport;

/// <summary>
/// How long to wait before the next attempt to connect: doubling from half a second to a minute, each time a random part of it between the
/// half and the whole, so that the clients of a server that comes back do not all arrive at once.
/// </summary>
internal sealed class ReconnectDelay(ICryptoProvider random)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private TimeSpan _next = Shortest;

    /// <summary>The delay before the next attempt; the one after it will be longer.</summary>
    public TimeSpan Take()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        random.FillRandom(bytes);
        double part = 0.5 + (BinaryPrimitives.ReadUInt32BigEndian(bytes) / (2.0 * uint.MaxValue));
        TimeSpan delay = _next * part;
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return delay;
    }

    /// <summary>Begins again with the shortest, after a connection that worked.</summary>
    public void Reset() => _next = Shortest;
}
