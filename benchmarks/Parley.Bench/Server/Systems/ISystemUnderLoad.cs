using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server.Systems;

/// <summary>A chat server that the same works are measured on: Parley, or another one to compare it with.</summary>
internal interface ISystemUnderLoad : IAsyncDisposable
{
    /// <summary>Which it is: <c>parley</c> or <c>ejabberd</c>.</summary>
    string Name { get; }

    /// <summary>Where it stores: <c>sqlite</c> or <c>postgres</c>.</summary>
    string Database { get; }

    /// <summary>Its processes, the database's too.</summary>
    IReadOnlyList<int> Processes { get; }

    /// <summary>One group in which one member sends and all receive.</summary>
    Task<Load> FanOutAsync(int inFlight, double perSecond, CancellationToken cancellationToken);

    /// <summary>Many conversations of two.</summary>
    Task<Load> PairsAsync(double perSecond, CancellationToken cancellationToken);

    /// <summary>Devices that come online one after the other.</summary>
    Task<Load> SignInsAsync(CancellationToken cancellationToken);
}
