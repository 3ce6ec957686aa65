using System.Reflection;

namespace Parley.Server.Storage;

/// <summary>A newer version of Parley has written the database.</summary>
internal sealed class DatabaseVersionException(int found, int known) : Exception($"The database has version {found}, this server knows up to {known}.")
{
    public int Found { get; } = found;

    public int Known { get; } = known;
}

/// <summary>
/// Numbered SQL files, embedded, applied in order and each once; the database says how far it has come. All that are missing are
/// applied in one transaction, so a failed upgrade leaves the database as it was.
/// </summary>
internal sealed class Migrations
{
    private readonly IReadOnlyList<string> _scripts;

    private Migrations(string folder) => _scripts = Load(folder);

    public static Migrations Sqlite { get; } = new("Sqlite");

    public static Migrations Postgres { get; } = new("Postgres");

    /// <exception cref="DatabaseVersionException">A newer version of Parley has written the database.</exception>
    public void RefuseNewer(StoreSession session)
    {
        int found = session.ReadVersion();
        if (found > _scripts.Count)
            throw new DatabaseVersionException(found, _scripts.Count);
    }

    /// <summary>Brings the database to this version.</summary>
    /// <param name="session">Where.</param>
    /// <param name="takeTurn">What keeps others from doing the same at the same time, within the transaction.</param>
    public void Apply(StoreSession session, Action<StoreSession>? takeTurn = null)
    {
        if (session.ReadVersion() == _scripts.Count)
            return;
        session.Begin();
        try
        {
            takeTurn?.Invoke(session);

            // Read again: another process may have upgraded it meanwhile.
            foreach (string script in _scripts.Skip(session.ReadVersion()))
                session.Execute(script);
            session.WriteVersion(_scripts.Count);
            session.Commit();
        }
        catch
        {
            session.RollBack();
            throw;
        }
    }

    private static List<string> Load(string folder)
    {
        Assembly assembly = typeof(Migrations).Assembly;
        var scripts = new List<string>();
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.Contains($".{folder}.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!; // Named by the assembly itself.
            using var reader = new StreamReader(stream);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }
}
