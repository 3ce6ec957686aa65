using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Parley.Server.Hosting;

namespace Parley.Server.Limiting;

/// <summary>
/// How many connections each address and each account has, and how many have not signed in. An address that has too many is told so
/// by a code, as long as that costs little: beyond twice its limit its connections are ended unread, as are those beyond the limits
/// that all addresses share.
/// </summary>
internal sealed class ConnectionCounts(ServerLimits limits, ServerOptions options)
{
    // Protects the three below. They hold what is connected and no more, so the limit on connections bounds them.
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private readonly Dictionary<long, int> _byAccount = [];
    private int _anonymous;

    /// <summary>What an address is counted as: an IPv6 customer has at least 2^64 addresses, so those are one.</summary>
    public static IPAddress NetworkOf(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Counts a connection. Null if it is to be ended.</summary>
    public ConnectionTicket? TryOpen(IPAddress? peer)
    {
        IPAddress network = NetworkOf(peer);
        bool isProxy = peer is not null && options.IsTrustedProxy(peer);
        lock (_gate)
        {
            int count = isProxy ? 0 : _byAddress.GetValueOrDefault(network) + 1;
            if (_anonymous >= limits.AnonymousConnections || count > limits.ConnectionsPerAddress * 2L)
                return null;
            _anonymous++;
            if (!isProxy)
                _byAddress[network] = count;
            return new ConnectionTicket(this, isProxy ? null : network, isProxy, count > limits.ConnectionsPerAddress);
        }
    }

    /// <summary>Counts a WebSocket that came through a proxy, for the address it came from. Null if there are too many.</summary>
    public IDisposable? TryOpenForwarded(IPAddress? address) => TryOpen(_byAddress, NetworkOf(address), limits.ConnectionsPerAddress);

    /// <summary>Counts a WebSocket of an account. Null if it has too many.</summary>
    public IDisposable? TryOpenSignedIn(long account) => TryOpen(_byAccount, account, limits.ConnectionsPerAccount);

    /// <summary>A connection has signed in, and no longer counts among those that have not.</summary>
    public void SignIn()
    {
        lock (_gate)
            _anonymous--;
    }

    public void Close(IPAddress? network, bool isAnonymous)
    {
        if (isAnonymous)
            SignIn();
        if (network is not null)
            Leave(_byAddress, network);
    }

    private Place<TKey>? TryOpen<TKey>(Dictionary<TKey, int> counts, TKey key, int max)
        where TKey : notnull
    {
        lock (_gate)
        {
            int count = counts.GetValueOrDefault(key);
            if (count >= max)
                return null;
            counts[key] = count + 1;
        }

        return new Place<TKey>(this, counts, key);
    }

    private void Leave<TKey>(Dictionary<TKey, int> counts, TKey key)
        where TKey : notnull
    {
        lock (_gate)
        {
            if (--counts[key] == 0)
                counts.Remove(key);
        }
    }

    private sealed class Place<TKey>(ConnectionCounts all, Dictionary<TKey, int> counts, TKey key) : IDisposable
        where TKey : notnull
    {
        private bool _hasLeft;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _hasLeft, true))
                all.Leave(counts, key);
        }
    }
}

/// <summary>One connection's place among them, from its first byte to its end.</summary>
internal sealed class ConnectionTicket(ConnectionCounts counts, IPAddress? network, bool isProxied, bool isOneTooMany) : IDisposable
{
    private int _isAnonymous = 1;

    /// <summary>Whether the other end is a proxy that says whom it speaks for.</summary>
    public bool IsProxied { get; } = isProxied;

    /// <summary>Whether its address had as many as it may: it gets refusals only.</summary>
    public bool IsOneTooMany { get; } = isOneTooMany;

    /// <summary>It has signed in, and no longer counts among those that have not.</summary>
    public void SignIn()
    {
        if (Interlocked.Exchange(ref _isAnonymous, 0) == 1)
            counts.SignIn();
    }

    public void Dispose() => counts.Close(network, Interlocked.Exchange(ref _isAnonymous, 0) == 1);
}

/// <summary>Counting where a connection begins, before a byte of it is read.</summary>
internal static class ConnectionLimits
{
    public static void UseConnectionLimits(this ListenOptions listen)
    {
        ConnectionCounts counts = listen.ApplicationServices.GetRequiredService<ConnectionCounts>();
        listen.Use(next => async connection =>
        {
            using ConnectionTicket? ticket = counts.TryOpen((connection.RemoteEndPoint as IPEndPoint)?.Address);
            if (ticket is null)
            {
                connection.Abort();
                return;
            }

            connection.Features.Set(ticket);
            await next(connection);
        });
    }
}
