using Parley.Client.Sqlite;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Store;

public sealed class MemoryClientStoreTests : ClientStoreContract
{
    [Fact]
    public void Write_told_to_fail_writes_nothing()
    {
        var store = new MemoryClientStore { WritesLeft = 1 };
        var batch = new StoreBatch();
        batch.Put(Key("a"), Key("1"));
        store.Write(batch);
        batch.Put(Key("b"), Key("1"));
        Assert.Throws<ClientStoreException>(() => store.Write(batch));
        Assert.Null(store.Get("b"u8));
    }

    protected override IClientStore Create() => new MemoryClientStore();
}

public sealed class SqliteClientStoreTests : ClientStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("parley-store-").FullName;

    private string DatabasePath => Path.Combine(_folder, "store.db");

    [Fact]
    public void Open_while_another_has_it_open_is_refused()
    {
        Put("a", "1");
        ClientResult<SqliteClientStore> second = SqliteClientStore.Open(DatabasePath);
        Assert.Equal(ClientErrorCode.ProfileInUse, second.Error?.Code);
    }

    [Fact]
    public void Open_after_dispose_finds_what_was_written()
    {
        Put("a", "1");
        Store.Dispose();
        using SqliteClientStore again = SqliteClientStore.Open(DatabasePath).Value;
        Assert.Equal("1"u8.ToArray(), again.Get("a"u8));
    }

    [Fact]
    public void What_was_deleted_is_not_left_in_the_file()
    {
        Put("a", "attack at dawn");
        var batch = new StoreBatch();
        batch.Delete(Key("a"));
        Store.Write(batch);
        Store.Dispose();
        Assert.Equal(-1, File.ReadAllBytes(DatabasePath).AsSpan().IndexOf("attack"u8));
    }

    [Fact]
    public void Open_of_a_file_from_the_future_is_refused_and_changes_nothing()
    {
        string path = Path.Combine(_folder, "future.db");
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        Assert.Equal(ClientErrorCode.ProfileTooNew, SqliteClientStore.Open(path).Error?.Code);
    }

    [Fact]
    public void Open_of_something_else_is_refused()
    {
        string path = Path.Combine(_folder, "other.db");
        File.WriteAllText(path, new string('x', 4096));
        Assert.Equal(ClientErrorCode.ProfileDamaged, SqliteClientStore.Open(path).Error?.Code);
    }

    protected override IClientStore Create() => SqliteClientStore.Open(DatabasePath).Value;

    protected override void Clean() => Directory.Delete(_folder, recursive: true);
}

public sealed class EncryptedClientStoreTests : ClientStoreContract
{
    private readonly MemoryClientStore _inner = new();

    [Fact]
    public void What_lies_underneath_does_not_hold_the_value()
    {
        Put("a", "attack at dawn");
        byte[] stored = _inner.Get("a"u8)!;
        Assert.Equal(-1, stored.AsSpan().IndexOf("attack"u8));
    }

    [Fact]
    public void The_same_value_is_never_stored_the_same_twice()
    {
        Put("a", "1");
        byte[] first = _inner.Get("a"u8)!;
        Put("a", "1");
        Assert.NotEqual(first, _inner.Get("a"u8));
    }

    [Fact]
    public void A_value_moved_to_another_key_is_refused()
    {
        Put("a", "1");
        var batch = new StoreBatch();
        batch.Put(Key("b"), _inner.Get("a"u8)!);
        _inner.Write(batch);
        Assert.Throws<ClientStoreException>(() => Store.Get("b"u8));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public void A_changed_byte_is_refused(int position)
    {
        Put("a", "1");
        byte[] stored = _inner.Get("a"u8)!;
        stored[position] ^= 1;
        var batch = new StoreBatch();
        batch.Put(Key("a"), stored);
        _inner.Write(batch);
        Assert.Throws<ClientStoreException>(() => Store.Get("a"u8));
    }

    protected override IClientStore Create() => new EncryptedClientStore(_inner, new NativeCryptoProvider(RandomSource.System), new Secret(new byte[32]));
}

public sealed class ProfileStoreTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("parley-profile-").FullName, "profile");

    private IClientStore? _store;

    private IClientStore Store => _store ??= ProfileStore.Open(_folder, Crypto()).Value;

    private string KeyPath => Path.Combine(_folder, "parley.key");

    [Fact]
    public void The_key_file_is_its_owners_alone()
    {
        Put("a", "1");
        Assert.Equal(32, new FileInfo(KeyPath).Length);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
    }

    [Fact]
    public void No_file_holds_the_value()
    {
        Put("a", "attack at dawn");
        Store.Dispose();
        foreach (string path in Directory.GetFiles(_folder))
            Assert.Equal(-1, File.ReadAllBytes(path).AsSpan().IndexOf("attack"u8));
    }

    [Fact]
    public void Open_without_its_key_is_refused_and_makes_no_new_one()
    {
        Put("a", "1");
        Store.Dispose();
        File.Delete(KeyPath);
        Assert.Equal(ClientErrorCode.ProfileKeyWrong, ProfileStore.Open(_folder, Crypto()).Error?.Code);
        Assert.False(File.Exists(KeyPath));
    }

    [Fact]
    public void Open_with_another_key_is_refused()
    {
        Put("a", "1");
        Store.Dispose();
        File.WriteAllBytes(KeyPath, new byte[32]);
        Assert.Equal(ClientErrorCode.ProfileKeyWrong, ProfileStore.Open(_folder, Crypto()).Error?.Code);
    }

    [Fact]
    public void Open_while_another_has_it_open_is_refused()
    {
        Put("a", "1");
        Assert.Equal(ClientErrorCode.ProfileInUse, ProfileStore.Open(_folder, Crypto()).Error?.Code);
    }

    public void Dispose()
    {
        _store?.Dispose();
        Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);
    }

    private static NativeCryptoProvider Crypto() => new(RandomSource.System);

    private void Put(string key, string value)
    {
        var batch = new StoreBatch();
        batch.Put(System.Text.Encoding.UTF8.GetBytes(key), System.Text.Encoding.UTF8.GetBytes(value));
        Store.Write(batch);
    }
}
