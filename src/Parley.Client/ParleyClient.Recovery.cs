using Parley.Client.Identity;
using Parley.Client.Recovery;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Mls.Crypto;

namespace Parley.Client;

/// <content>The recovery code, and backups that it opens.</content>
public sealed partial class ParleyClient
{
    /// <summary>Whether a recovery code was made on this device.</summary>
    /// <exception cref="ClientStoreException">The local store cannot be read.</exception>
    public bool HasRecoveryCode => _host.Look(static engine => engine.HasRecoveryCode);

    /// <summary>
    /// Makes a recovery code, to be shown once and written down: what is kept here makes backups, but is not the code. The server learns a hash, by which
    /// it knows the code. One that was made before, here or on another device, is replaced only if that is asked for; older backups still need it, and
    /// bring back what they hold, but no device into the account. The caller disposes the code.
    /// </summary>
    /// <param name="replaces">Whether a code that was made on this device may be replaced.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<ClientResult<RecoveryCode>> MakeRecoveryCodeAsync(bool replaces, CancellationToken cancellationToken)
    {
        if (HasRecoveryCode && !replaces)
            return ClientResult.Refuse<RecoveryCode>(ClientErrorCode.RecoveryCodePresent);
        var code = RecoveryCode.Create(_options.Crypto);
        using var keys = ArchiveKeys.Of(_options.Crypto, code);
        using Secret serverKey = ArchiveKeys.ServerKeyOf(_options.Crypto, code);
        byte[] hash = new byte[ArchiveKeys.KeyBytes];
        _options.Crypto.Hash(HashAlgorithm.Sha256, serverKey.AsSpan(), hash);
        ClientResult<bool> told = await RequestAsync(async token => Valued(await _resources.SetRecoveryAsync(hash, token, cancellationToken)), cancellationToken);
        ClientResult<RecoveryCode> made = told.Succeeded ? Guard(Keep) : ClientResult.Refuse<RecoveryCode>(told.Error);
        if (!made.Succeeded)
            code.Dispose();
        return made;

        ClientResult<RecoveryCode> Keep()
        {
            _host.Run(engine => engine.KeepRecovery(keys));
            return ClientResult.Of(code);
        }
    }

    /// <summary>
    /// Writes the account, its conversations and their history into a file that only the recovery code opens. What waits to be sent and the keys of
    /// this device are not in it. The file appears when it is whole.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="replaces">Whether a file that is there may be replaced.</param>
    /// <param name="progress">Told how many items have been written.</param>
    /// <param name="cancellationToken">Stops, and leaves no file.</param>
    public async Task<ClientResult<ArchiveSummary>> BackUpAsync(string path, bool replaces, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using ArchiveKeys? keys = _host.Look(static engine => engine.OpenArchiveKeys());
        if (keys is null)
            return ClientResult.Refuse<ArchiveSummary>(ClientErrorCode.RecoveryCodeMissing);
        if (!BackupFile.Create(path, replaces).TryGetValue(out BackupFile? file, out ClientError? error))
            return ClientResult.Refuse<ArchiveSummary>(error);
        using (file)
            return await new ArchiveWriter(_host, new ArchiveSealer(_options.Crypto, keys), file).WriteAsync(Now, progress, cancellationToken);
    }

    /// <summary>Reads a backup to its end and says what it has. Changes nothing, and asks no server.</summary>
    /// <param name="crypto">The primitives.</param>
    /// <param name="path">The file.</param>
    /// <param name="code">Its recovery code.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Task<ClientResult<ArchiveSummary>> VerifyBackupAsync(ICryptoProvider crypto, string path, RecoveryCode code, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(crypto);
        return ReadBackupAsync(crypto, path, code, static _ => ClientResult.Success, cancellationToken);
    }

    /// <summary>
    /// Restores an account from a backup as a new device of it: people, conversations and history are here when it returns; in conversations it takes part
    /// again when a member, or another device of the account, adds it. The store must hold no account. If it breaks off, calling it again begins anew.
    /// </summary>
    /// <param name="options">With the store to restore into.</param>
    /// <param name="path">The file.</param>
    /// <param name="code">Its recovery code.</param>
    /// <param name="server">The server's address, if it is not what it was.</param>
    /// <param name="progress">Told how many items have been restored.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<ClientResult<(ParleyClient Client, ArchiveSummary Summary)>> RestoreAsync(
        ClientOptions options, string path, RecoveryCode code, Uri? server, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Profile.Load(options.Crypto, options.Store) is { } stored)
        {
            stored.Identity.Dispose();
            if (stored.IsRegistered)
                return ClientResult.Refuse<(ParleyClient, ArchiveSummary)>(ClientErrorCode.AccountPresent);
        }

        using var restorer = new AccountRestorer(options);
        try
        {
            long items = 0;
            ClientResult<ArchiveSummary> read = await ReadBackupAsync(options.Crypto, path, code, Take, cancellationToken);
            if (!read.Succeeded)
                return ClientResult.Refuse<(ParleyClient, ArchiveSummary)>(read.Error);
            ClientResult registered = await restorer.RegisterAsync(code, server, cancellationToken);
            if (!registered.Succeeded)
                return ClientResult.Refuse<(ParleyClient, ArchiveSummary)>(registered.Error);
            ClientResult<ParleyClient> client = Open(options);
            if (!client.Succeeded)
                return ClientResult.Refuse<(ParleyClient, ArchiveSummary)>(client.Error);
            await client.Value.SupplyKeyPackagesAsync(cancellationToken);
            return ClientResult.Of((client.Value, read.Value));

            ClientResult Take(ArchiveContent content)
            {
                ClientResult taken = restorer.Take(content);
                items += content is ArchiveContent.Timeline timeline ? timeline.Items.Count : 0;
                progress?.Report(items);
                return taken;
            }
        }
        catch (TransportException)
        {
            return ClientResult.Refuse<(ParleyClient, ArchiveSummary)>(ClientErrorCode.Offline);
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse<(ParleyClient, ArchiveSummary)>(failed.Code);
        }
    }

    private static async Task<ClientResult<ArchiveSummary>> ReadBackupAsync(
        ICryptoProvider crypto, string path, RecoveryCode code, Func<ArchiveContent, ClientResult> take, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(code);
        using var keys = ArchiveKeys.Of(crypto, code);
        if (!BackupFile.Open(path).TryGetValue(out BackupFile? file, out ClientError? error))
            return ClientResult.Refuse<ArchiveSummary>(error);
        using (file)
        {
            var reader = new ArchiveReader(new ArchiveSealer(crypto, keys), file);
            if (!(await reader.OpenAsync(cancellationToken)).TryGetValue(out ArchiveManifest? manifest, out error))
                return ClientResult.Refuse<ArchiveSummary>(error);
            ClientResult read = await reader.ReadAsync(manifest, take, cancellationToken);
            return read.Succeeded ? ClientResult.Of(ArchiveSummary.Of(manifest)) : ClientResult.Refuse<ArchiveSummary>(read.Error);
        }
    }
}
