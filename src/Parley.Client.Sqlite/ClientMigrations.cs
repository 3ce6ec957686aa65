using Microsoft.Data.Sqlite;

namespace Parley.Client.Sqlite;

/// <summary>
/// The schema's history. <c>user_version</c> counts the steps a file has taken; each step runs once, in a transaction with the new count.
/// A step, once released, never changes.
/// </summary>
internal static class ClientMigrations
{
    private static readonly string[] Steps =
    [
        "CREATE TABLE entries (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    ];

    /// <summary>Brings a file up to date, or returns false if a newer version has written it.</summary>
    public static bool TryApply(SqliteConnection connection)
    {
        using SqliteCommand read = connection.CreateCommand();
        read.CommandText = "PRAGMA user_version";
        long version = (long)(read.ExecuteScalar() ?? 0L);
        if (version > Steps.Length)
            return false;
        for (; version < Steps.Length; version++)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            using SqliteCommand step = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file, and a number.
            step.CommandText = $"{Steps[version]}; PRAGMA user_version = {version + 1}";
#pragma warning restore CA2100
            step.ExecuteNonQuery();
            transaction.Commit();
        }

        return true;
    }
}
