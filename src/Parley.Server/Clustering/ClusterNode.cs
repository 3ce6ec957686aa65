using System.Security.Cryptography.X509Certificates;
using Parley.Server.Storage;

namespace Parley.Server.Clustering;

/// <summary>What makes a server a node of a cluster.</summary>
/// <param name="Settings">Where the nodes meet.</param>
/// <param name="Database">What they share.</param>
/// <param name="Certificate">How they know each other.</param>
internal sealed record ClusterNode(ClusterSettings Settings, PostgresDatabase Database, X509Certificate2 Certificate)
{
    /// <summary>How the process ends when the others have declared it dead.</summary>
    public Action<int> Exit { get; init; } = Environment.Exit;
}
