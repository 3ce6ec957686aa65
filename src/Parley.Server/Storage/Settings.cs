namespace Parley.Server.Storage;

/// <summary>What is settled once for the database and all servers that ever use it.</summary>
internal static class Settings
{
    /// <summary>The setting's value. Null if there is none.</summary>
    public static ValueTask<string?> FindAsync(IDatabase database, string name) => database.ReadAsync(session => Find(session, name));

    /// <summary>The setting's value, which is the one proposed if nobody was first.</summary>
    public static async Task<string> SettleAsync(IDatabase database, string name, string proposed) =>
        await FindAsync(database, name) ?? await database.WriteAsync(session =>
        {
            session.Execute("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, proposed);
            return Find(session, name)!; // Not null: it stands there now, whoever put it.
        });

    private static string? Find(StoreSession session, string name) => session.Find("SELECT value FROM settings WHERE name = $1", row => row.GetString(0), name);
}
