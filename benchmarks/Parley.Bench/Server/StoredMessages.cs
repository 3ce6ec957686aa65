using Microsoft.Data.Sqlite;
using Parley.Bench.Server.Clients;
using Parley.Bench.Server.Systems;

namespace Parley.Bench.Server;

/// <summary>Stores with many messages in them.</summary>
internal static class StoredMessages
{
    private const int Pairs = 20;

    /// <summary>The length of a whole message, framing included, in this measurement.</summary>
    private const int MessageBytes = 300;

    /// <summary>Bytes on disk for each message of 300 bytes, indexes included, when twenty groups talk at once.</summary>
    public static async Task<double> BytesEachAsync(ServerBenchOptions options, CancellationToken cancellationToken)
    {
        await using ParleyStore store = await ParleyStore.CreateAsync(options.UsesPostgres, cancellationToken);
        Population people = await CreatePeopleAsync(store, cancellationToken);
        long before = await store.BytesAsync(cancellationToken);
        int each = options.Sizes.StoredMessages / Pairs;
        await using (ParleyProcess server = await ParleyProcess.StartAsync(store, cancellationToken))
            await Task.WhenAll(Enumerable.Range(0, Pairs).Select(pair => TalkAsync(server.Address, people, pair, each, cancellationToken)));
        return (await store.BytesAsync(cancellationToken) - before) / (double)(each * Pairs);
    }

    /// <summary>
    /// A store with many messages. They are copies of one, put into the table by SQL, because appending ten million takes a server half an
    /// hour. The indexes are made when all are there.
    /// </summary>
    public static async Task<ParleyStore> CreateStoreAsync(ServerBenchOptions options, int messages, CancellationToken cancellationToken)
    {
        ParleyStore store = await ParleyStore.CreateAsync(options.UsesPostgres, cancellationToken);
        try
        {
            Population people = await CreatePeopleAsync(store, cancellationToken);
            await using (ParleyProcess server = await ParleyProcess.StartAsync(store, cancellationToken))
                await Task.WhenAll(Enumerable.Range(0, Pairs).Select(pair => TalkAsync(server.Address, people, pair, 1, cancellationToken)));
            if (store.Postgres is not null)
                await store.Postgres.ExecuteAsync(CopiesInPostgres(messages / Pairs), cancellationToken);
            else
                await CopyInSqliteAsync(store, messages / Pairs, cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static async Task<Population> CreatePeopleAsync(ParleyStore store, CancellationToken cancellationToken)
    {
        await using ParleyProcess server = await ParleyProcess.StartAsync(store, cancellationToken);
        return await Population.CreateAsync(server.Address, server.Address.Authority, await server.InviteAsync(cancellationToken), Pairs * 2, cancellationToken);
    }

    private static async Task TalkAsync(Uri server, Population people, int pair, int messages, CancellationToken cancellationToken)
    {
        (ParleyClient first, ParleyClient second) = await people.OpenPairAsync(server, pair, cancellationToken);
        using (first)
        using (second)
            await CatchUp.FillAsync(first, LoadMessages.OfLength(people.GroupOf(pair), 1, MessageBytes), messages, cancellationToken);
    }

    // Entry 1 of each log is the Commit, entry 2 the message.
    private static string CopiesInPostgres(int each) =>
        $"""
        INSERT INTO entries (log, sequence, message_id, envelope)
        SELECT log, number, decode(md5(number::text), 'hex'), envelope
        FROM generate_series(3, {each + 2}) AS number, (SELECT log, envelope FROM entries WHERE sequence = 2 AND message_id IS NOT NULL) AS messages
        """;

    private static async Task CopyInSqliteAsync(ParleyStore store, int each, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await store.OpenSqliteAsync(cancellationToken);
        await ExecuteAsync(connection, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA temp_store = MEMORY", cancellationToken);
        var indexes = new List<(string Name, string Sql)>();
        await using (SqliteCommand find = connection.CreateCommand())
        {
            find.CommandText = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'entries' AND sql IS NOT NULL";
            await using SqliteDataReader found = await find.ExecuteReaderAsync(cancellationToken);
            while (await found.ReadAsync(cancellationToken))
                indexes.Add((found.GetString(0), found.GetString(1)));
        }

        await ExecuteAsync(
            connection,
            $"""
            CREATE TEMP TABLE messages AS SELECT log, envelope FROM entries WHERE sequence = 2 AND message_id IS NOT NULL;
            {string.Concat(indexes.Select(index => $"DROP INDEX {index.Name};\n"))}
            INSERT INTO entries (log, sequence, message_id, envelope)
            WITH RECURSIVE numbers (number) AS (SELECT 3 UNION ALL SELECT number + 1 FROM numbers WHERE number < {each + 2})
            SELECT messages.log, numbers.number, randomblob(16), messages.envelope FROM numbers CROSS JOIN messages;
            {string.Concat(indexes.Select(index => index.Sql + ";\n"))}
            """,
            cancellationToken);
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandTimeout = 0;
#pragma warning disable CA2100 // This program's own statements.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
