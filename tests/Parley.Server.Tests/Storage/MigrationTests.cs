using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Server.Storage;

namespace Parley.Server.Tests.Storage;

public sealed class MigrationTests
{
    [Fact]
    public async Task A_database_from_a_newer_version_is_refused_and_left_as_it_is()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("parley.db");
        await using (var database = SqliteDatabase.Open(path, NullLogger.Instance))
            await database.WriteAsync(session => session.Execute("PRAGMA user_version = 1000"));
        byte[] before = SHA256.HashData(await File.ReadAllBytesAsync(path));

        var refusal = Assert.Throws<DatabaseVersionException>(() => SqliteDatabase.Open(path, NullLogger.Instance));
        Assert.Equal(1000, refusal.Found);
        Assert.Equal(before, SHA256.HashData(await File.ReadAllBytesAsync(path)));
    }

    [Fact]
    public async Task A_database_opens_again_with_all_it_holds()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("parley.db");
        await using (var database = SqliteDatabase.Open(path, NullLogger.Instance))
            await database.WriteAsync(session => session.Execute("INSERT INTO settings (name, value) VALUES ('kept', 'yes')"));
        await using (var database = SqliteDatabase.Open(path, NullLogger.Instance))
            Assert.Equal("yes", await database.ReadAsync(session => session.Find("SELECT value FROM settings WHERE name = 'kept'", row => row.GetString(0))));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("parley.db");
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(4096));
        Assert.Throws<SqliteException>(() => SqliteDatabase.Open(path, NullLogger.Instance));
    }

    [Fact]
    public async Task The_database_is_durable_at_every_commit()
    {
        using var folder = new TemporaryFolder();
        await using var database = SqliteDatabase.Open(folder.File("parley.db"), NullLogger.Instance);
        Assert.Equal("wal", await database.WriteAsync(session => session.Find("PRAGMA journal_mode", row => row.GetString(0))));
        Assert.Equal(2, await database.WriteAsync(session => session.Find("PRAGMA synchronous", row => row.GetInt32(0))));
    }
}
