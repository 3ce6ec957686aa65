using System.Globalization;
using System.Reflection;

namespace Parley.Server.Storage;

/// <summary>A newer version of Parley has written the database.</summary>
internal sealed class DatabaseVersionException(int found, int known) : Exception($"The database has version {found}, this server knows up to {known}.")
{
    public int Found { get; } = found;

    public int Known { get; } = known;
}

/// <summary>
/// Numbered SQL files, embedded, applied in order and each once; <c>user_version</c> says how far a database has come. All that are
/// missing are applied in one transaction, so a failed upgrade leaves the database as it was.
/// </summary>
internal static class Migrations
{
    private static readonly IReadOnlyList<string> Scripts = Load();

    public static void RefuseNewer(SqliteSession session)
    {
        int found = Version(session);
        if (found > Scripts.Count)
            throw new DatabaseVersionException(found, Scripts.Count);
    }

    public static void Apply(SqliteSession session)
    {
        if (Version(session) == Scripts.Count)
            return;
        session.Execute("BEGIN IMMEDIATE");
        try
        {
            // Read again: another process may have upgraded it meanwhile.
            foreach (string script in Scripts.Skip(Version(session)))
                session.Execute(script);
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Scripts.Count}"));
            session.Execute("COMMIT");
        }
        catch
        {
            session.Execute("ROLLBACK");
            throw;
        }
    }

    private static int Version(SqliteSession session) => session.Find("PRAGMA user_version", row => row.GetInt32(0));

    private static List<string> Load()
    {
        Assembly assembly = typeof(Migrations).Assembly;
        var scripts = new List<string>();
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!; // Named by the assembly itself.
            using var reader = new StreamReader(stream);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }
}
