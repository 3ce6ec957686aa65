using Microsoft.Extensions.Logging.Abstractions;
using Parley.Server.Accounts;
using Parley.Server.Invites;
using Parley.Server.KeyPackages;
using Parley.Server.Linking;
using Parley.Server.Log;
using Parley.Server.Storage;

namespace Parley.Server.Tests.Storage;

/// <summary>One set of stores under test. The contract tests run on each kind.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    private readonly IDatabase? _database;
    private readonly TemporaryFolder? _folder;

    private StoreFixture(MemoryStore store)
    {
        Logs = store;
        Accounts = store;
        Invites = store;
        Links = store;
        KeyPackages = store;
    }

    private StoreFixture(IDatabase database, TemporaryFolder? folder)
    {
        _folder = folder;
        _database = database;
        Logs = new LogStore(database);
        Accounts = new AccountStore(database);
        Invites = new InviteStore(database);
        Links = new LinkStore(database);
        KeyPackages = new KeyPackageStore(database);
    }

    public ILogStore Logs { get; }

    public IAccountStore Accounts { get; }

    public IInviteStore Invites { get; }

    public ILinkStore Links { get; }

    public IKeyPackageStore KeyPackages { get; }

    public static async Task<StoreFixture> OpenAsync(string kind)
    {
        switch (kind)
        {
            case "memory":
                return new StoreFixture(new MemoryStore());
            case "sqlite":
                var folder = new TemporaryFolder();
                return new StoreFixture(SqliteDatabase.Open(folder.File("parley.db"), NullLogger.Instance), folder);
            case "postgres":
                PostgresCluster cluster = await PostgresCluster.SharedAsync();
                return new StoreFixture(PostgresDatabase.Open(await cluster.CreateDatabaseAsync(), NullLogger.Instance), folder: null);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    /// <summary>A registered device.</summary>
    public async Task<TestDevice> RegisterAsync(string handle)
    {
        var device = new TestDevice(handle);
        byte[] invite = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32);
        await Invites.AddAsync(invite, 1, DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal(ErrorCode.None, await Accounts.RegisterAsync(invite, device.Certificate, DateTimeOffset.UtcNow));
        return device;
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
            await _database.DisposeAsync();
        _folder?.Dispose();
    }
}

/// <summary>The kinds of store a contract test runs on.</summary>
internal static class StoreKinds
{
    public static TheoryData<string> All => ["memory", "sqlite", "postgres"];
}

/// <summary>A folder of the test's own, deleted with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("parley-server-");

    public string Path => _directory.FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
