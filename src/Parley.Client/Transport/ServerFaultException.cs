namespace Parley.Client.Transport;

/// <summary>The connection cannot go on, for a reason other than the network's: the server refused, or did not keep to the protocol. Caught by the connection's loop, which says so.</summary>
internal sealed class ServerFaultException(ClientError error) : Exception(error.Sentence)
{
    /// <summary>What the user is told.</summary>
    public ClientError Error { get; } = error;

    /// <summary>The fault of a server that answered with something that is not the protocol.</summary>
    public static ServerFaultException Misbehaved() => new(ErrorText.Of(ClientErrorCode.ServerMisbehaved));
}
