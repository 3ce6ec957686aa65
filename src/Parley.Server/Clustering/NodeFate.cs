using Parley.Server.Hosting;

namespace Parley.Server.Clustering;

/// <summary>
/// The end of a node that the others have declared dead, or whose part in the cluster has failed. It ends at once and with it its
/// connections, so that clients go to another node; started again, it joins as a new one. Whatever keeps the service running restarts it.
/// </summary>
internal sealed partial class NodeFate(ClusterNode node, IHostApplicationLifetime lifetime, ILogger<NodeFate> logger) : IFatalErrorHandler
{
    private int _ended;

    public bool IsUnexpected(Exception exception) => !lifetime.ApplicationStopping.IsCancellationRequested;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        if (exception is not null)
            Log.Failed(logger, exception);
        End();
    }

    /// <summary>Ends the process, unless it is stopping anyway.</summary>
    public void End()
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested || Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        Console.Error.WriteLine(
            "The other nodes of the cluster have declared this one dead: they could not reach it, or it stood still. It ends now, and can be started again. What it has acknowledged is stored.");
        node.Exit(ExitCode.DeclaredDead);
    }

    private static partial class Log
    {
        [LoggerMessage(1400, LogLevel.Error, "This node's part in the cluster has failed")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
