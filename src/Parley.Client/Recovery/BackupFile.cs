using System.Buffers.Binary;

namespace Parley.Client.Recovery;

/// <summary>
/// An archive in one file: sixteen bytes that say so, then pieces, each with its name and its length, and last the root, whose name is zeros.
/// The file gets its name when it is whole and on the disk: whatever happens before leaves a former file as it was.
/// </summary>
internal sealed class BackupFile : IArchiveSink, IArchiveSource, IDisposable
{
    private const int HeaderBytes = ArchiveSealer.NameBytes + sizeof(int);
    private const string UnfinishedSuffix = ".unfinished";

    private static readonly byte[] Magic = "Parley backup 1\n"u8.ToArray();
    private static readonly byte[] RootName = new byte[ArchiveSealer.NameBytes];

    private readonly FileStream _stream;
    private readonly string? _finalPath;
    private readonly Dictionary<string, (long Offset, int Length)> _pieces = [];

    private BackupFile(FileStream stream, string? finalPath)
    {
        _stream = stream;
        _finalPath = finalPath;
    }

    /// <summary>Begins a new file. One of that name must not exist, unless it is to be replaced.</summary>
    public static ClientResult<BackupFile> Create(string path, bool replaces) => Guard(() =>
    {
        if (File.Exists(path) && !replaces)
            return ClientResult.Refuse<BackupFile>(ClientErrorCode.BackupExists);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new BackupFile(new FileStream(path + UnfinishedSuffix, options), path);
        file._stream.Write(Magic);
        return ClientResult.Of(file);
    });

    /// <summary>Opens a file and finds its pieces. One that is no backup, or was cut off, is refused.</summary>
    public static ClientResult<BackupFile> Open(string path) => Guard(() =>
    {
        var file = new BackupFile(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read), finalPath: null);
        if (file.TryIndex())
            return ClientResult.Of(file);
        file.Dispose();
        return ClientResult.Refuse<BackupFile>(ClientErrorCode.ArchiveDamaged);
    });

    public ValueTask<ClientResult> PutAsync(ArchivePiece piece, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_pieces.TryAdd(Convert.ToHexString(piece.Name), default) ? Write(piece.Name, piece.Ciphertext) : ClientResult.Success);
    }

    public ValueTask<ClientResult> FinishAsync(byte[] root, CancellationToken cancellationToken)
    {
        ClientResult written = Write(RootName, root);
        if (!written.Succeeded)
            return ValueTask.FromResult(written);
        ClientResult<string> moved = Guard(() =>
        {
            string path = _finalPath ?? throw new InvalidOperationException("This file is read.");
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
            File.Move(path + UnfinishedSuffix, path, overwrite: true);
            return ClientResult.Of(path);
        });
        return ValueTask.FromResult(moved.Succeeded ? ClientResult.Success : ClientResult.Refuse(moved.Error));
    }

    public ValueTask<ClientResult<byte[]>> GetRootAsync(CancellationToken cancellationToken) => GetAsync(RootName, cancellationToken);

    public ValueTask<ClientResult<byte[]>> GetAsync(ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Guard(() =>
        {
            if (!_pieces.TryGetValue(Convert.ToHexString(name.Span), out (long Offset, int Length) place))
                return ClientResult.Refuse<byte[]>(ClientErrorCode.ArchiveDamaged);
            byte[] piece = new byte[place.Length];
            _stream.Position = place.Offset;
            _stream.ReadExactly(piece);
            return ClientResult.Of(piece);
        }));
    }

    /// <summary>Closes the file. One that was begun and not finished is gone.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        if (_finalPath is { } path)
            File.Delete(path + UnfinishedSuffix);
    }

    private static ClientResult<T> Guard<T>(Func<ClientResult<T>> work)
        where T : notnull
    {
        try
        {
            return work();
        }
        catch (FileNotFoundException)
        {
            return ClientResult.Refuse<T>(ClientErrorCode.BackupMissing);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return ClientResult.Refuse<T>(ClientErrorCode.BackupFailed);
        }
    }

    private ClientResult Write(byte[] name, byte[] piece)
    {
        ClientResult<string> written = Guard(() =>
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            name.CopyTo(header);
            BinaryPrimitives.WriteInt32BigEndian(header[ArchiveSealer.NameBytes..], piece.Length);
            _stream.Write(header);
            _stream.Write(piece);
            return ClientResult.Of("");
        });
        return written.Succeeded ? ClientResult.Success : ClientResult.Refuse(written.Error);
    }

    private bool TryIndex()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (_stream.ReadAtLeast(header[..Magic.Length], Magic.Length, throwOnEndOfStream: false) < Magic.Length || !header[..Magic.Length].SequenceEqual(Magic))
            return false;
        bool isRoot = false;
        while (_stream.Position < _stream.Length)
        {
            // The root is the last: what follows it was not written by us.
            if (isRoot || _stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
                return false;
            int length = BinaryPrimitives.ReadInt32BigEndian(header[ArchiveSealer.NameBytes..]);
            if (length is <= 0 or > ArchiveSealer.SealedBytesMax || _stream.Position + length > _stream.Length)
                return false;
            isRoot = header[..ArchiveSealer.NameBytes].SequenceEqual(RootName);
            _pieces[Convert.ToHexString(header[..ArchiveSealer.NameBytes])] = (_stream.Position, length);
            _stream.Position += length;
        }

        return isRoot;
    }
}
