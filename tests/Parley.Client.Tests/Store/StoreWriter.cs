using System.Globalization;
using System.Text;
using Parley.Client.Sqlite;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Store;

/// <summary>
/// The process that the kill tests kill, and what must be true of what it leaves. A batch writes its number to three keys, adds a key of its own,
/// deletes the one of eight batches before, and is told on the standard output once it is written.
/// </summary>
internal static class StoreWriter
{
    private const int Kept = 8;
    private static readonly string[] Same = ["last", "last again", "and the last"];

    /// <summary>Writes on from what is there until it is killed; 1, with the code, if it is refused.</summary>
    public static int Run(string folder)
    {
        ClientResult<IClientStore> opened = ProfileStore.Open(folder, new NativeCryptoProvider(RandomSource.System));
        if (!opened.Succeeded)
            return End(opened.Error.Code);
        using IClientStore store = opened.Value;
        try
        {
            for (int number = Last(store) + 1; ; number++)
            {
                store.Write(Batch(number));
                Console.Out.Write($"{number}\n");
                Console.Out.Flush();
            }
        }
        catch (ClientStoreException failed)
        {
            return End(failed.Code);
        }
    }

    /// <summary>The number of the last batch, which must be whole.</summary>
    public static int Check(string folder)
    {
        using IClientStore store = ProfileStore.Open(folder, new NativeCryptoProvider(RandomSource.System)).Value;
        int last = Last(store);
        string told = last.ToString(CultureInfo.InvariantCulture);
        foreach (string key in Same)
            Assert.Equal(last == 0 ? null : told, Text(store.Get(Encoding.UTF8.GetBytes(key))));
        IEnumerable<int> own = store.Read(new StoreRange("own/"u8.ToArray())).Select(entry => (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(entry.Key.AsSpan(4)));
        Assert.Equal(Enumerable.Range(1, last).TakeLast(Kept), own);
        return last;
    }

    private static StoreBatch Batch(int number)
    {
        var batch = new StoreBatch();
        foreach (string key in Same)
            batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        // From a few bytes to several pages.
        batch.Put(Own(number), new byte[number % 7 * 3000]);
        if (number > Kept)
            batch.Delete(Own(number - Kept));
        return batch;
    }

    private static byte[] Own(int number) => StoreKey.Of("own/"u8.ToArray(), StoreKey.OfNumber(number));

    private static int Last(IClientStore store) => int.Parse(Text(store.Get(Encoding.UTF8.GetBytes(Same[0]))) ?? "0", CultureInfo.InvariantCulture);

    private static string? Text(byte[]? value) => value is null ? null : Encoding.UTF8.GetString(value);

    private static int End(ClientErrorCode code)
    {
        Console.Out.Write($"{code}\n");
        return 1;
    }
}
