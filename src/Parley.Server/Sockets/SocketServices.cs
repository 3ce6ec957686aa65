using Parley.Server.Limiting;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Sessions;

namespace Parley.Server.Sockets;

/// <summary>What every connection uses.</summary>
internal sealed record SocketServices(
    ILogStore Logs,
    IGrainFactory Grains,
    Sequencers Sequencers,
    Subscribers Subscribers,
    SignIns SignIns,
    ServerLimits Limits,
    RateLimits Rates,
    ConnectionCounts Counts,
    MemoryBudget Memory,
    TimeProvider Clock,
    ILogger<SocketConnection> Logger);
