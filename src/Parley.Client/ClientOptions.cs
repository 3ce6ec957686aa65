using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Mls.Crypto;

namespace Parley.Client;

/// <summary>What a client is made of.</summary>
public sealed record ClientOptions
{
    /// <summary>The profile's store. The client reads and writes it alone, and does not dispose it.</summary>
    public required IClientStore Store { get; init; }

    /// <summary>The primitives, and the only source of randomness.</summary>
    public required ICryptoProvider Crypto { get; init; }

    /// <summary>Makes the transport to a server's address.</summary>
    public Func<Uri, ITransport> Transport { get; init; } = static server => new HttpTransport(server);

    /// <summary>The clock and the timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Name and version of the program, told to the server for support; at most 64 characters.</summary>
    public string ClientName { get; init; } = "parley";

    /// <summary>
    /// Whether a conversation may begin without post-quantum encryption where a device of its members does not have it. Otherwise it is
    /// refused. Never chosen silently: the first thing in such a conversation is a notice that says so.
    /// </summary>
    public bool AllowsFallbackSuite { get; init; }

    /// <summary>Told of a fault of the client's own, or of a handler of <see cref="ParleyClient.Changed"/>, to be logged. The client goes on.</summary>
    public Action<Exception>? Unexpected { get; init; }
}
