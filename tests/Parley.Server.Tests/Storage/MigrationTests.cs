using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Contracts;
using Parley.Mls.Messages;
using Parley.Server.KeyPackages;
using Parley.Server.Log;
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
    public async Task KeyPackages_from_before_there_were_suites_are_of_suite_3()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("parley.db");
        var device = new TestDevice("alice");
        byte[] content = RandomNumberGenerator.GetBytes(100);
        await using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            await connection.OpenAsync();
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = Version1() + """
                ;INSERT INTO accounts (id, handle, account_key, role, created_at) VALUES (1, 'alice', x'00', 0, 0);
                INSERT INTO devices (id, account, certificate) VALUES ($device, 1, x'00');
                INSERT INTO key_packages (device, hash, last_resort, expires_at, content) VALUES ($device, x'00', 0, 9223372036854775807, $content);
                PRAGMA user_version = 1;
                """;
            command.Parameters.AddWithValue("$device", device.Id.ToArray());
            command.Parameters.AddWithValue("$content", content);
            await command.ExecuteNonQueryAsync();
        }

        await using var database = SqliteDatabase.Open(path, NullLogger.Instance);
        var keyPackages = new KeyPackageStore(database);
        Assert.Empty((await keyPackages.ClaimAsync(device.Certificate.Handle, CipherSuite.XWingChaCha20Poly1305Sha256Ed25519, DateTimeOffset.UnixEpoch))!);
        IReadOnlyList<byte[]>? claimed = await keyPackages.ClaimAsync(
            device.Certificate.Handle, CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, DateTimeOffset.UnixEpoch);
        Assert.Equal(content, Assert.Single(claimed!));
    }

    [Fact]
    public async Task Messages_from_before_ids_were_indexed_by_time_are_still_found_by_them()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("parley.db");
        byte[] messageId = RandomNumberGenerator.GetBytes(Limits.MessageIdBytes);
        await using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            await connection.OpenAsync();
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = string.Concat(Scripts("Sqlite").Take(3)) + """
                ;INSERT INTO logs (id, kind, name, creator, epoch) VALUES (1, 1, x'01', x'00', 0), (2, 1, x'02', x'00', 0);
                INSERT INTO entries (log, sequence, message_id, envelope) VALUES (1, 1, $id, x'0a'), (2, 1, $id, x'0b');
                PRAGMA user_version = 3;
                """;
            command.Parameters.AddWithValue("$id", messageId);
            await command.ExecuteNonQueryAsync();
        }

        await using var database = SqliteDatabase.Open(path, NullLogger.Instance);
        var logs = new LogStore(database);
        Assert.True(MessageId.TryParse(messageId, out MessageId id));
        Assert.Equal([0x0b], (await logs.FindEntryAsync(2, id))!.Value.Envelope.ToArray());
        var again = new NewEntry(new LogLease(1), Sequence: 2, ReceivedAtMs: 0, id, [0x0c], Commit: null);
        Assert.Equal([0x0a], Assert.IsType<AppendResult.Repeated>(await logs.AppendAsync(again)).First.Envelope.ToArray());
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

    [Fact]
    public void Since_there_are_several_nodes_a_migration_only_adds_so_that_nodes_of_the_version_before_go_on_serving()
    {
        string[] later = [.. Scripts("Postgres").Skip(1)];
        Assert.NotEmpty(later);

        // A node of the version before names no column that is new, so that one which takes no NULL must have a value of its own.
        Assert.All(later, script => Assert.DoesNotMatch(@"(?im)^[^-]*\b(DROP|RENAME|DELETE|UPDATE|TRUNCATE|ALTER COLUMN|ADD COLUMN [^;]*NOT NULL)\b", script));
    }

    private static string Version1() => Scripts("Sqlite").First();

    private static IEnumerable<string> Scripts(string folder)
    {
        System.Reflection.Assembly assembly = typeof(SqliteDatabase).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.Contains($".{folder}.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!); // Named by the assembly itself.
            yield return reader.ReadToEnd();
        }
    }
}
