using System.Text;
using Parley.Client.Store;

namespace Parley.Client.Tests.Store;

/// <summary>What every store promises. One class for each implementation derives from it.</summary>
public abstract class ClientStoreContract : IDisposable
{
    private IClientStore? _store;

    protected IClientStore Store => _store ??= Create();

    public void Dispose()
    {
        _store?.Dispose();
        Clean();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_key_that_was_never_written_has_no_value() => Assert.Null(Store.Get("a"u8));

    [Fact]
    public void A_value_is_read_as_it_was_written()
    {
        Put("a", "1");
        Assert.Equal("1"u8.ToArray(), Store.Get("a"u8));
    }

    [Fact]
    public void An_empty_value_is_not_an_absent_one()
    {
        Put("a", "");
        Assert.Empty(Assert.IsType<byte[]>(Store.Get("a"u8)));
    }

    [Fact]
    public void The_last_write_of_a_batch_counts()
    {
        var batch = new StoreBatch();
        batch.Put(Key("a"), Key("1"));
        batch.Put(Key("a"), Key("2"));
        batch.Put(Key("b"), Key("3"));
        batch.Delete(Key("b"));
        Store.Write(batch);
        Assert.Equal("2"u8.ToArray(), Store.Get("a"u8));
        Assert.Null(Store.Get("b"u8));
    }

    [Fact]
    public void Deleting_what_is_not_there_is_nothing()
    {
        var batch = new StoreBatch();
        batch.Delete(Key("a"));
        Store.Write(batch);
        Assert.Null(Store.Get("a"u8));
    }

    [Fact]
    public void A_range_holds_its_prefix_only_in_the_order_of_keys()
    {
        foreach (string key in new[] { "b2", "a", "b", "c", "b10", "b1" })
            Put(key, key);
        Assert.Equal(["b", "b1", "b10", "b2"], Keys(new StoreRange(Key("b"))));
        Assert.Equal(["b2", "b10", "b1", "b"], Keys(new StoreRange(Key("b"), Descending: true)));
        Assert.Equal(["a", "b", "b1", "b10", "b2", "c"], Keys(new StoreRange(Key(""))));
    }

    [Fact]
    public void A_range_stops_at_its_limit_and_goes_on_after_its_start()
    {
        foreach (string key in new[] { "k1", "k2", "k3", "k4" })
            Put(key, key);
        Assert.Equal(["k1", "k2"], Keys(new StoreRange(Key("k"), Limit: 2)));
        Assert.Equal(["k3", "k4"], Keys(new StoreRange(Key("k"), Start: Key("k2"))));
        Assert.Equal(["k2", "k1"], Keys(new StoreRange(Key("k"), Descending: true, Start: Key("k3"))));
        Assert.Equal(["k4"], Keys(new StoreRange(Key("k"), Limit: 1, Descending: true)));
    }

    [Fact]
    public void Keys_compare_as_unsigned_bytes_up_to_the_highest()
    {
        byte[][] keys = [[0xff, 0x00], [0xff, 0x7f], [0xff, 0x80], [0xff, 0xff]];
        var batch = new StoreBatch();
        foreach (byte[] key in keys)
            batch.Put([.. key], [1]);
        Store.Write(batch);
        Assert.Equal(keys, Store.Read(new StoreRange(new byte[] { 0xff })).Select(static e => e.Key));
        Assert.Equal(keys.Reverse(), Store.Read(new StoreRange(new byte[] { 0xff }, Descending: true)).Select(static e => e.Key));
    }

    [Fact]
    public void A_large_value_is_kept_whole()
    {
        byte[] value = new byte[3_000_000];
        for (int i = 0; i < value.Length; i++)
            value[i] = (byte)(i % 251);
        var batch = new StoreBatch();
        batch.Put(Key("large"), (byte[])value.Clone());
        Store.Write(batch);
        Assert.Equal(value, Store.Get("large"u8));
    }

    [Fact]
    public void Random_batches_leave_what_a_dictionary_would_hold()
    {
        var random = new Random(7);
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int step = 0; step < 200; step++)
        {
            var batch = new StoreBatch();
            for (int i = 0; i < random.Next(1, 6); i++)
            {
                string key = $"m{random.Next(40):00}";
                if (random.Next(3) == 0)
                {
                    batch.Delete(Key(key));
                    model.Remove(key);
                }
                else
                {
                    batch.Put(Key(key), Key($"{step}/{i}"));
                    model[key] = $"{step}/{i}";
                }
            }

            Store.Write(batch);
        }

        Assert.Equal(model.Select(static e => (e.Key, e.Value)), Store.Read(new StoreRange(Key("m"))).Select(static e => (Encoding.UTF8.GetString(e.Key), Encoding.UTF8.GetString(e.Value))));
    }

    protected abstract IClientStore Create();

    protected virtual void Clean()
    {
    }

    protected static byte[] Key(string text) => Encoding.UTF8.GetBytes(text);

    protected void Put(string key, string value)
    {
        var batch = new StoreBatch();
        batch.Put(Key(key), Key(value));
        Store.Write(batch);
    }

    private IEnumerable<string> Keys(StoreRange range) => Store.Read(range).Select(static e => Encoding.UTF8.GetString(e.Key));
}
