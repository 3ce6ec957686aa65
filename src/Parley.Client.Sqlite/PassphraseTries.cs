using System.Buffers.Binary;
using Parley.Client.Store;

namespace Parley.Client.Sqlite;

/// <summary>
/// How many wrong passphrases there were, kept in the database so that a restart forgives nothing. A try is counted before it is made and
/// forgotten once it was right: killing the program in between gains nothing. It slows down who types, not who has copied the files; against
/// them stands Argon2id alone.
/// </summary>
internal sealed class PassphraseTries(SqliteClientStore database, TimeProvider time)
{
    private const int FreeTries = 3;
    private const int DelaySecondsMax = 900;

    // Not encrypted, as it is read before there is a key.
    private static readonly byte[] Key = "passphrase-tries"u8.ToArray();

    /// <summary>How long to wait before the next try; zero or less if it may be made now.</summary>
    public TimeSpan Wait()
    {
        (int failures, DateTimeOffset last) = Read();
        if (failures < FreeTries)
            return TimeSpan.Zero;
        TimeSpan delay = TimeSpan.FromSeconds(Math.Min(DelaySecondsMax, 1L << Math.Min(failures - FreeTries, 30)));
        DateTimeOffset now = time.GetUtcNow();
        if (now < last)
        {
            // The clock went back: the delay begins again, and not when the clock has come so far again.
            Write(failures, now);
            return delay;
        }

        return last + delay - now;
    }

    /// <summary>Counts a try that is about to be made.</summary>
    public void Count() => Write(Math.Min(Read().Failures, int.MaxValue - 1) + 1, time.GetUtcNow());

    /// <summary>The passphrase was right.</summary>
    public void Forget()
    {
        var batch = new StoreBatch();
        batch.Delete([.. Key]);
        database.Write(batch);
    }

    private (int Failures, DateTimeOffset Last) Read() => database.Get(Key) is { Length: sizeof(int) + sizeof(long) } stored
        ? (BinaryPrimitives.ReadInt32BigEndian(stored), DateTimeOffset.UnixEpoch.AddMilliseconds(BinaryPrimitives.ReadInt64BigEndian(stored.AsSpan(sizeof(int)))))
        : (0, DateTimeOffset.UnixEpoch);

    private void Write(int failures, DateTimeOffset last)
    {
        byte[] value = new byte[sizeof(int) + sizeof(long)];
        BinaryPrimitives.WriteInt32BigEndian(value, failures);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(sizeof(int)), last.ToUnixTimeMilliseconds());
        var batch = new StoreBatch();
        batch.Put([.. Key], value);
        database.Write(batch);
    }
}
