using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>One server for all tests of a class that only send it bytes.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private World? _world;

    internal ServerProcess Server => _world?.Server ?? throw new InvalidOperationException("The server has not been started yet.");

    public async ValueTask InitializeAsync() => _world = await World.StartAsync();

    public ValueTask DisposeAsync() => _world?.DisposeAsync() ?? ValueTask.CompletedTask;
}
