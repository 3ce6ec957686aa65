using Parley.Client;

namespace Parley.Terminal.CommandLine;

/// <summary>
/// Waiting for the server, as a command does it: as long as the connection makes headway, and no longer than its first failure. The client
/// itself would go on trying for ever, which is right for a chat and wrong for a script.
/// </summary>
internal static class ServerReach
{
    /// <summary>Connects and reads everything the server has.</summary>
    public static Task<ClientResult> CatchUpAsync(ParleyClient client, CancellationToken cancelled) => UntilOfflineAsync(client, client.CatchUpAsync, cancelled);

    /// <summary>Waits until everything sent is durable on the server.</summary>
    public static Task<ClientResult> FlushAsync(ParleyClient client, CancellationToken cancelled) => UntilOfflineAsync(client, client.FlushAsync, cancelled);

    private static async Task<ClientResult> UntilOfflineAsync(ParleyClient client, Func<CancellationToken, Task<ClientResult>> wait, CancellationToken cancelled)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        client.Changed += OnChanged;
        try
        {
            client.Start();
            if (HasFailed(client.Connection))
                return ClientResult.Refuse(ClientErrorCode.Offline);
            return await wait(stop.Token);
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return ClientResult.Refuse(ClientErrorCode.Offline);
        }
        finally
        {
            client.Changed -= OnChanged;
        }

        void OnChanged(ClientEvent change)
        {
            // Cancelling from a timer: the client's loop, which calls this, must not run what waits for the token.
            if (change is ClientEvent.ConnectionChanged connection && HasFailed(connection.Status))
                stop.CancelAfter(TimeSpan.Zero);
        }
    }

    private static bool HasFailed(ConnectionStatus status) => status is { State: ConnectionState.Offline, RetryAt: not null };
}
