using System.Text;
using Microsoft.Data.Sqlite;
using Parley.Client.Sqlite;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Store;

/// <summary>What a profile says when its files have been cut, changed, lost or written by another version, and that it makes nothing worse.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("parley-damage-").FullName;

    private string Folder => Path.Combine(_parent, "profile");

    private string DatabasePath => Path.Combine(Folder, "parley.db");

    private string KeyPath => Path.Combine(Folder, "parley.key");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(60)]
    public void A_truncated_database_is_refused_and_the_key_is_left_alone(int percent)
    {
        Fill();
        byte[] key = File.ReadAllBytes(KeyPath);
        using (FileStream file = File.OpenWrite(DatabasePath))
            file.SetLength(file.Length * percent / 100);
        Assert.Equal(ClientErrorCode.ProfileDamaged, OpenAndReadAll());
        Assert.Equal(key, File.ReadAllBytes(KeyPath));
    }

    [Fact]
    public void A_lost_database_is_not_taken_for_a_new_profile()
    {
        Fill();
        byte[] key = File.ReadAllBytes(KeyPath);
        File.Delete(DatabasePath);
        Assert.Equal(ClientErrorCode.ProfileDamaged, OpenAndReadAll());
        Assert.Equal(key, File.ReadAllBytes(KeyPath));
    }

    [Fact]
    public void A_changed_byte_anywhere_is_never_read_as_something_else()
    {
        Fill();
        byte[] whole = File.ReadAllBytes(DatabasePath);
        var random = new Random(11);
        for (int i = 0; i < 60; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.Delete(DatabasePath + "-wal");
            File.WriteAllBytes(DatabasePath, damaged);
            // Free space, or a number of SQLite's own, may change without a loss; whatever is read is what was written.
            ClientErrorCode? error = OpenAndReadAll();
            Assert.True(error is null or ClientErrorCode.ProfileDamaged or ClientErrorCode.ProfileKeyWrong or ClientErrorCode.ProfileTooNew or ClientErrorCode.StoreFailed, $"{error}");
        }
    }

    [Fact]
    public void A_crash_before_the_key_had_its_name_is_made_good()
    {
        Fill();
        File.Move(KeyPath, KeyPath + ".new");
        Assert.Null(OpenAndReadAll());
        Assert.True(File.Exists(KeyPath));
    }

    [Fact]
    public void A_key_prepared_by_a_change_that_was_cut_off_does_not_count()
    {
        Fill();
        File.WriteAllBytes(KeyPath + ".new", new byte[32]);
        Assert.Null(OpenAndReadAll());
    }

    /// <summary>Version 1 as it was when it was frozen: SQL and bytes are written here as that version wrote them, and never change.</summary>
    [Fact]
    public void A_profile_of_version_1_opens()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllBytes(KeyPath, [.. Enumerable.Range(0, 32).Select(static i => (byte)i)]);
        using (var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE entries (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                PRAGMA user_version = 1;
                INSERT INTO entries VALUES (CAST('key-check' AS BLOB), X'b01e3d6d8f144e3716364f5019f469a489bbe24aa9ec5fcf2547e63dc21f833f444439e3b3aa1fed97f44c3daa9d');
                INSERT INTO entries VALUES (CAST('a' AS BLOB), X'84e5a4e194b6436f81646168fd02cc56129248c9b3b8e3dc272dabba7c4755c79e273ffac3a3eed4a35287f9d8d9879e365396e8dd62');
                """;
            command.ExecuteNonQuery();
        }

        using IClientStore store = ProfileStore.Open(Folder, new NativeCryptoProvider(RandomSource.System)).Value;
        Assert.Equal("attack at dawn"u8.ToArray(), store.Get("a"u8));
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private void Fill()
    {
        using IClientStore store = ProfileStore.Open(Folder, new NativeCryptoProvider(RandomSource.System)).Value;
        for (int i = 0; i < 200; i++)
        {
            var batch = new StoreBatch();
            batch.Put(Encoding.UTF8.GetBytes($"key {i}"), Encoding.UTF8.GetBytes($"value {i} {new string('x', 300)}"));
            store.Write(batch);
        }
    }

    /// <summary>Null if all that is there is as it was written, and how it was refused otherwise.</summary>
    private ClientErrorCode? OpenAndReadAll()
    {
        ClientResult<IClientStore> opened = ProfileStore.Open(Folder, new NativeCryptoProvider(RandomSource.System));
        if (!opened.Succeeded)
            return opened.Error.Code;
        using IClientStore store = opened.Value;
        try
        {
            foreach (StoreEntry entry in store.Read(new StoreRange("key "u8.ToArray())))
                Assert.Equal($"value {Encoding.UTF8.GetString(entry.Key)[4..]} {new string('x', 300)}", Encoding.UTF8.GetString(entry.Value));
            return null;
        }
        catch (ClientStoreException failed)
        {
            return failed.Code;
        }
    }
}
