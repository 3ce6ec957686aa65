using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Recovery;
using Parley.Client.Store;
using Parley.Client.Tests.Transport;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Recovery;

/// <summary>An account goes into a file and comes back on another device; and nothing else comes out of the file.</summary>
public sealed class BackupTests : IAsyncDisposable
{
    private static readonly NativeCryptoProvider Crypto = new(RandomSource.System);

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly FakeNetwork _network = new();
    private readonly MemoryClientStore _store = new();
    private readonly List<ParleyClient> _clients = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("parley-backup-").FullName;

    private string BackupPath => Path.Combine(_folder, "parley.backup");

    private CancellationToken Patience => _patience.Token;

    public async ValueTask DisposeAsync()
    {
        foreach (ParleyClient client in _clients)
            await client.DisposeAsync();
        _patience.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_account_comes_back_with_its_history_and_as_another_device()
    {
        (ParleyClient alice, ConversationId conversation, RecoveryCode code) = await TalkAsync(messages: 300);
        ArchiveSummary written = (await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience)).Value;
        Assert.Equal((1, alice.ReadTimeline(conversation, 1000).Count), (written.Conversations, written.Items));
        Assert.Equal(written, (await ParleyClient.VerifyBackupAsync(Crypto, BackupPath, code, Patience)).Value);

        (ParleyClient restored, ArchiveSummary summary) = (await RestoreAsync(new MemoryClientStore(), code)).Value;
        _clients.Add(restored);
        Assert.Equal(written, summary);
        Assert.Equal((alice.Self, alice.Server), (restored.Self, restored.Server));
        Assert.NotEqual(alice.Device, restored.Device);
        Assert.Equal(alice.ReadTimeline(conversation, 1000), restored.ReadTimeline(conversation, 1000));
        Conversation shown = Assert.Single(restored.Conversations);
        Assert.Equal((conversation, "bob", MembershipState.Removed, 0), (shown.Id, shown.Title, shown.State, shown.Unread));
        Assert.True(restored.GetVerification(HandleOf("bob")).Value.IsConfirmed);

        // The server has taken the device in, and it goes on in new conversations.
        restored.Start();
        ConversationId group = (await restored.CreateGroupAsync("again", [HandleOf("bob")], Patience)).Value;
        Assert.True(restored.Send(group, new OutgoingMessage.Text("back")).Succeeded);
        Assert.True((await restored.FlushAsync(Patience)).Succeeded);
        code.Dispose();
    }

    [Fact]
    public async Task The_keys_of_the_device_and_of_its_groups_are_not_in_it()
    {
        (ParleyClient alice, _, RecoveryCode code) = await TalkAsync(messages: 3);
        await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience);
        using LocalIdentity identity = Profile.Load(Crypto, _store)!.Identity; // Not null: there is an account.
        byte[] secrets = identity.Serialize();
        using var keys = ArchiveKeys.Of(Crypto, code);
        using BackupFile file = BackupFile.Open(BackupPath).Value;
        var reader = new ArchiveReader(new ArchiveSealer(Crypto, keys), file);
        var contents = new List<ArchiveContent>();
        Assert.True((await reader.ReadAsync((await reader.OpenAsync(Patience)).Value, content => { contents.Add(content); return ClientResult.Success; }, Patience)).Succeeded);

        // Stored: version, account key, device key, certificate; each key behind its length.
        byte[] accountKey = secrets[3..35];
        byte[] deviceKey = secrets[36..68];
        byte[][] encoded = [.. contents.Select(static content => content.Encode())];
        Assert.Contains(encoded, content => content.AsSpan().IndexOf(accountKey) >= 0);
        Assert.DoesNotContain(encoded, content => content.AsSpan().IndexOf(deviceKey) >= 0);
        Assert.All(contents, static content => Assert.True(content is ArchiveContent.Account or ArchiveContent.People or ArchiveContent.Conversation or ArchiveContent.Timeline));
        Assert.True(File.ReadAllBytes(BackupPath).AsSpan().IndexOf(accountKey) < 0);
        code.Dispose();
    }

    [Fact]
    public async Task What_was_archived_before_is_not_archived_again()
    {
        (ParleyClient alice, ConversationId conversation, RecoveryCode code) = await TalkAsync(messages: 800);
        using var keys = ArchiveKeys.Of(Crypto, code);
        var sink = new CountingSink();
        Assert.True((await WriteAsync(keys, sink)).Succeeded);
        int before = sink.Names.Count;
        Assert.True(before >= 6, $"{before} pieces");
        Assert.True((await WriteAsync(keys, sink)).Succeeded);
        Assert.Equal(before, sink.Names.Count);

        // One message more: the conversation's record, the end of its timeline, and the list of names.
        await SayAsync(alice, conversation, 1);
        Assert.True((await WriteAsync(keys, sink)).Succeeded);
        Assert.InRange(sink.Names.Count - before, 1, 3);
        Assert.All(sink.Sizes, static size => Assert.Contains(size - 16, new[] { 4096, 16384, 65536 }));
        code.Dispose();

        async Task<ClientResult<ArchiveSummary>> WriteAsync(ArchiveKeys keys, CountingSink sink)
        {
            using var host = new EngineHost(Crypto, _store, ClientEngine.Load(Crypto, _store)!); // Not null: there is an account.
            return await new ArchiveWriter(host, new ArchiveSealer(Crypto, keys), sink).WriteAsync(DateTimeOffset.UnixEpoch, null, Patience);
        }
    }

    [Fact]
    public async Task Another_code_opens_nothing_and_the_server_takes_no_other()
    {
        (ParleyClient alice, _, RecoveryCode code) = await TalkAsync(messages: 1);
        await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience);
        using var another = RecoveryCode.Create(Crypto);
        Assert.Equal(ClientErrorCode.RecoveryCodeWrong, (await ParleyClient.VerifyBackupAsync(Crypto, BackupPath, another, Patience)).Error?.Code);
        var store = new MemoryClientStore();
        Assert.Equal(ClientErrorCode.RecoveryCodeWrong, (await RestoreAsync(store, another)).Error?.Code);
        Assert.Empty(store.Read(new StoreRange(default)));

        // A new code: the old backup is opened by the old one, but the server does not let a device in by it.
        Assert.Equal(ClientErrorCode.RecoveryCodePresent, (await alice.MakeRecoveryCodeAsync(replaces: false, Patience)).Error?.Code);
        using RecoveryCode next = (await alice.MakeRecoveryCodeAsync(replaces: true, Patience)).Value;
        Assert.True((await ParleyClient.VerifyBackupAsync(Crypto, BackupPath, code, Patience)).Succeeded);
        Assert.Equal(ClientErrorCode.RecoveryRefused, (await RestoreAsync(store, code)).Error?.Code);
        Assert.Equal(ClientErrorCode.AccountMissing, (await ParleyClient.OpenAsync(Options(store), Patience)).Error?.Code);
        Assert.True((await alice.BackUpAsync(BackupPath, replaces: true, progress: null, Patience)).Succeeded);
        ClientResult<(ParleyClient Client, ArchiveSummary Summary)> restored = await RestoreAsync(store, next);
        Assert.True(restored.Succeeded);
        _clients.Add(restored.Value.Client);
        Assert.Equal(ClientErrorCode.AccountPresent, (await RestoreAsync(store, next)).Error?.Code);
        code.Dispose();
    }

    [Fact]
    public async Task A_file_that_was_cut_off_or_changed_is_refused_wherever_that_is()
    {
        (ParleyClient alice, _, RecoveryCode code) = await TalkAsync(messages: 2);
        await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience);
        byte[] whole = File.ReadAllBytes(BackupPath);
        string damaged = Path.Combine(_folder, "damaged");
        for (int length = 0; length < whole.Length; length += 997)
        {
            File.WriteAllBytes(damaged, whole[..length]);
            Assert.Equal(ClientErrorCode.ArchiveDamaged, (await ParleyClient.VerifyBackupAsync(Crypto, damaged, code, Patience)).Error?.Code);
        }

        for (int at = 0; at < whole.Length; at += 499)
        {
            byte[] changed = [.. whole];
            changed[at] ^= 0x40;
            File.WriteAllBytes(damaged, changed);
            ClientErrorCode? refusal = (await ParleyClient.VerifyBackupAsync(Crypto, damaged, code, Patience)).Error?.Code;
            Assert.True(refusal is ClientErrorCode.ArchiveDamaged or ClientErrorCode.RecoveryCodeWrong, $"{refusal} for byte {at}");
        }

        File.WriteAllBytes(damaged, [.. whole, 0]);
        Assert.Equal(ClientErrorCode.ArchiveDamaged, (await ParleyClient.VerifyBackupAsync(Crypto, damaged, code, Patience)).Error?.Code);
        Assert.Equal(ClientErrorCode.BackupMissing, (await ParleyClient.VerifyBackupAsync(Crypto, damaged + "-none", code, Patience)).Error?.Code);
        code.Dispose();
    }

    [Fact]
    public async Task A_former_file_stays_until_the_new_one_is_whole()
    {
        (ParleyClient alice, _, RecoveryCode code) = await TalkAsync(messages: 1);
        File.WriteAllText(BackupPath, "something else");
        Assert.Equal(ClientErrorCode.BackupExists, (await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience)).Error?.Code);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => alice.BackUpAsync(BackupPath, replaces: true, progress: null, stop.Token));
        Assert.Equal("something else", File.ReadAllText(BackupPath));
        Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal(ClientErrorCode.BackupFailed, (await alice.BackUpAsync(Path.Combine(_folder, "none", "file"), replaces: false, progress: null, Patience)).Error?.Code);
        Assert.True((await alice.BackUpAsync(BackupPath, replaces: true, progress: null, Patience)).Succeeded);
        Assert.True((await ParleyClient.VerifyBackupAsync(Crypto, BackupPath, code, Patience)).Succeeded);
        code.Dispose();
    }

    [Fact]
    public async Task Without_a_recovery_code_there_is_no_backup()
    {
        ParleyClient alice = await SignUpAsync("alice", _store);
        Assert.False(alice.HasRecoveryCode);
        Assert.Equal(ClientErrorCode.RecoveryCodeMissing, (await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience)).Error?.Code);
        _network.IsDown = true;
        Assert.Equal(ClientErrorCode.Offline, (await alice.MakeRecoveryCodeAsync(replaces: false, Patience)).Error?.Code);
        Assert.False(alice.HasRecoveryCode);
    }

    [Fact]
    public async Task Restoring_that_broke_off_begins_anew()
    {
        (ParleyClient alice, ConversationId conversation, RecoveryCode code) = await TalkAsync(messages: 5);
        await alice.BackUpAsync(BackupPath, replaces: false, progress: null, Patience);
        for (int writes = 0; writes < 4; writes++)
        {
            var store = new MemoryClientStore { WritesLeft = writes };
            Assert.Equal(ClientErrorCode.StoreFailed, (await RestoreAsync(store, code)).Error?.Code);
            store.WritesLeft = null;
            (ParleyClient restored, _) = (await RestoreAsync(store, code)).Value;
            _clients.Add(restored);
            Assert.Equal(alice.ReadTimeline(conversation, 1000), restored.ReadTimeline(conversation, 1000));
        }

        code.Dispose();
    }

    private static Handle HandleOf(string name) => Handle.TryParse(name, out Handle? handle) ? handle : throw new ArgumentException("Not a handle.", nameof(name));

    private ClientOptions Options(MemoryClientStore store) => new() { Store = store, Crypto = Crypto, Transport = _ => _network.Connect() };

    private Task<ClientResult<(ParleyClient Client, ArchiveSummary Summary)>> RestoreAsync(MemoryClientStore store, RecoveryCode code) =>
        ParleyClient.RestoreAsync(Options(store), BackupPath, code, server: null, progress: null, Patience);

    private async Task<ParleyClient> SignUpAsync(string name, MemoryClientStore? store = null)
    {
        Assert.True(InviteLink.TryParse("http://parley.test/i/" + FakeNetwork.InviteCode, out InviteLink? link));
        ParleyClient client = (await ParleyClient.SignUpAsync(Options(store ?? new MemoryClientStore()), link, HandleOf(name), Patience)).Value;
        _clients.Add(client);
        client.Start();
        Assert.True((await client.CatchUpAsync(Patience)).Succeeded);
        return client;
    }

    private async Task<(ParleyClient Alice, ConversationId Conversation, RecoveryCode Code)> TalkAsync(int messages)
    {
        ParleyClient alice = await SignUpAsync("alice", _store);
        ParleyClient bob = await SignUpAsync("bob");
        ConversationId conversation = (await alice.OpenDirectAsync(bob.Self, Patience)).Value;
        await SayAsync(alice, conversation, messages);
        Assert.True(alice.ConfirmVerification(bob.Self, verified: true).Succeeded);
        return (alice, conversation, (await alice.MakeRecoveryCodeAsync(replaces: false, Patience)).Value);
    }

    private async Task SayAsync(ParleyClient client, ConversationId conversation, int messages)
    {
        for (int i = 0; i < messages; i++)
            Assert.True(client.Send(conversation, new OutgoingMessage.Text($"message {i} {new string('x', 300)}")).Succeeded);
        Assert.True((await client.FlushAsync(Patience)).Succeeded);
    }

    private sealed class CountingSink : IArchiveSink
    {
        public HashSet<string> Names { get; } = [];

        public List<int> Sizes { get; } = [];

        public ValueTask<ClientResult> PutAsync(ArchivePiece piece, CancellationToken cancellationToken)
        {
            Names.Add(Convert.ToHexString(piece.Name));
            Sizes.Add(piece.Ciphertext.Length);
            return ValueTask.FromResult(ClientResult.Success);
        }

        public ValueTask<ClientResult> FinishAsync(byte[] root, CancellationToken cancellationToken) => ValueTask.FromResult(ClientResult.Success);
    }
}
