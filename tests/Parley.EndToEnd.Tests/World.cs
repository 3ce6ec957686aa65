using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>A server and the people on it, in a folder that is gone afterwards. Everything here is a real process.</summary>
internal sealed class World : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;

    private World(TemporaryFolder folder, ServerProcess server)
    {
        _folder = folder;
        Server = server;
    }

    public ServerProcess Server { get; }

    public static async Task<World> StartAsync()
    {
        TemporaryFolder folder = new();
        return new World(folder, await ServerProcess.StartAsync(folder.Below("server")));
    }

    /// <summary>A new person with an account on the server, by an invite of their own.</summary>
    public async Task<Person> JoinAsync(string handle)
    {
        Person person = new(handle, _folder.Below(handle));
        await person.JoinAsync(await Server.InviteAsync());
        return person;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
