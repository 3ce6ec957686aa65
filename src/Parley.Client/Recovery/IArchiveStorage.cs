namespace Parley.Client.Recovery;

/// <summary>Where an archive is written to: a file, or the server.</summary>
internal interface IArchiveSink
{
    /// <summary>Keeps a piece; one whose name it has already is not kept twice.</summary>
    ValueTask<ClientResult> PutAsync(ArchivePiece piece, CancellationToken cancellationToken);

    /// <summary>Ends the archive: from now on it is this one. Before, the former one is untouched.</summary>
    ValueTask<ClientResult> FinishAsync(byte[] root, CancellationToken cancellationToken);
}

/// <summary>Where an archive is read from.</summary>
internal interface IArchiveSource
{
    /// <summary>The root.</summary>
    ValueTask<ClientResult<byte[]>> GetRootAsync(CancellationToken cancellationToken);

    /// <summary>The piece of a name.</summary>
    ValueTask<ClientResult<byte[]>> GetAsync(ReadOnlyMemory<byte> name, CancellationToken cancellationToken);
}
