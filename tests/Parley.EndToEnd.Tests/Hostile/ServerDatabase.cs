using Google.Protobuf;
using Microsoft.Data.Sqlite;
using Parley.Contracts.Wire;

namespace Parley.EndToEnd.Tests.Hostile;

/// <summary>What a dishonest operator has: the server's database, to be changed at will while the server is down.</summary>
internal sealed class ServerDatabase : IDisposable
{
    private readonly SqliteConnection _connection;

    private ServerDatabase(SqliteConnection connection) => _connection = connection;

    public static ServerDatabase Open(string dataFolder)
    {
        string file = Assert.Single(Directory.EnumerateFiles(dataFolder, "*.db", SearchOption.AllDirectories));
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        return new ServerDatabase(connection);
    }

    /// <summary>The newest entry that holds a message of a group.</summary>
    public (long Id, Envelope Envelope) LastMessage()
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT id, envelope FROM entries WHERE message_id IS NOT NULL ORDER BY id DESC LIMIT 1";
        using SqliteDataReader reader = command.ExecuteReader();
        Assert.True(reader.Read());
        return (reader.GetInt64(0), Envelope.Parser.ParseFrom((byte[])reader.GetValue(1)));
    }

    /// <summary>Puts other bytes in the place of a stored entry.</summary>
    public void Replace(long id, Envelope envelope)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "UPDATE entries SET envelope = $envelope WHERE id = $id";
        command.Parameters.AddWithValue("$id", id);
        command.Parameters.AddWithValue("$envelope", envelope.ToByteArray());
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    /// <summary>Appends the message of an entry to its log once more, as a message of its own.</summary>
    public void Replay(long id, Envelope envelope)
    {
        Envelope again = envelope.Clone();
        again.Sequence++;
        again.MessageId = ByteString.CopyFrom([.. envelope.MessageId.Select(b => (byte)(b ^ 1))]);
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "INSERT INTO entries (log, sequence, message_id, envelope) SELECT log, $sequence, $message, $envelope FROM entries WHERE id = $id";
        command.Parameters.AddWithValue("$id", id);
        command.Parameters.AddWithValue("$sequence", (long)again.Sequence);
        command.Parameters.AddWithValue("$message", again.MessageId.ToByteArray());
        command.Parameters.AddWithValue("$envelope", again.ToByteArray());
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    public void Dispose() => _connection.Dispose();
}
