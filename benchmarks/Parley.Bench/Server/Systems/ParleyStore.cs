using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Data.Sqlite;

namespace Parley.Bench.Server.Systems;

/// <summary>Where a server keeps everything: a folder that is thrown away in the end, or a database in a PostgreSQL server of its own.</summary>
internal sealed class ParleyStore : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private ParleyStore(DirectoryInfo folder, PostgresServer? postgres)
    {
        _folder = folder;
        Postgres = postgres;
    }

    public PostgresServer? Postgres { get; }

    /// <summary>The file, if it is SQLite's.</summary>
    public string SqliteFile => Path.Combine(_folder.FullName, "parley.db");

    /// <summary>How the server's commands are told of it.</summary>
    public IReadOnlyList<string> Arguments => Postgres is null ? ["--data", _folder.FullName] : ["--database", Postgres.Address];

    public static async Task<ParleyStore> CreateAsync(bool usesPostgres, CancellationToken cancellationToken) =>
        new(Directory.CreateTempSubdirectory("parley-bench-"), usesPostgres ? await PostgresServer.StartAsync(cancellationToken) : null);

    /// <summary>Makes a certificate for the server, and says by which arguments it is used.</summary>
    public string[] MakeCertificate()
    {
        (string certificateFile, string keyFile) = (Path.Combine(_folder.FullName, "server.pem"), Path.Combine(_folder.FullName, "server.key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = new CertificateRequest("CN=parley-bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        return ["--tls-certificate", certificateFile, "--tls-key", keyFile];
    }

    /// <summary>Bytes of the tables and indexes on disk, after all of the write-ahead log was copied into them. The server must have ended.</summary>
    public async Task<long> BytesAsync(CancellationToken cancellationToken)
    {
        if (Postgres is not null)
            return await Postgres.BytesAsync(cancellationToken);
        await using SqliteConnection connection = await OpenSqliteAsync(cancellationToken);
        await using (SqliteCommand checkpoint = connection.CreateCommand())
        {
            checkpoint.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            await checkpoint.ExecuteNonQueryAsync(cancellationToken);
        }

        return new FileInfo(SqliteFile).Length;
    }

    public async Task<SqliteConnection> OpenSqliteAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = SqliteFile, Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        if (Postgres is not null)
            await Postgres.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
