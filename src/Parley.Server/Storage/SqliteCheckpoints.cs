using Microsoft.Data.Sqlite;

namespace Parley.Server.Storage;

/// <summary>
/// Copies pages from the write-ahead log into the database file beside the writer, which would otherwise do it in a COMMIT now and then,
/// and keep everybody waiting for it. What was written meanwhile is then little, and the writer copies it itself: only when nothing is
/// left does the log begin anew.
/// </summary>
/// <param name="session">A connection of its own.</param>
internal sealed class SqliteCheckpoints(SqliteSession session) : IDisposable
{
    // 64 MB. A page is copied once, however often it stands in the log, so a longer log is less work; and longer to read after a crash.
    private const long PagesMax = 16_000;

    // A disk on which copying is slower than writing must not be filled by the log.
    private const long PagesBesideMax = 4 * PagesMax;

    // The writer's thread alone.
    private long _pages;
    private Task? _copying;

    /// <summary>Takes note of what a COMMIT has added to the log. On the writer's thread, after it.</summary>
    public void Committed(SqliteSession writer, int pages)
    {
        _pages += pages;
        if (_copying is { IsCompleted: true } || (_copying is null && _pages >= PagesBesideMax))
        {
            _copying = null;
            _pages = Copy(writer);
        }
        else if (_copying is null && _pages >= PagesMax)
        {
            // A thread of its own: the pool's must not wait for a disk.
            _copying = Task.Factory.StartNew(() => Copy(session), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    /// <summary>The writer must have stopped.</summary>
    public void Dispose()
    {
        _copying?.Wait();
        session.Dispose();
    }

    /// <summary>Copies what no reader needs in the log any more, without waiting for anybody, and returns how many pages are left to copy.</summary>
    private static long Copy(SqliteSession session)
    {
        try
        {
            return session.Find("PRAGMA wal_checkpoint(PASSIVE)", row => row.GetInt64(1) - row.GetInt64(2));
        }
        catch (SqliteException)
        {
            // A full disk. All that was committed is in the log, and it is tried again when as much was written again.
            return 0;
        }
    }
}
