using System.Text;
using Microsoft.Extensions.Time.Testing;
using Parley.Client.Sqlite;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Store;

public sealed class PassphraseTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("parley-passphrase-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly NativeCryptoProvider _crypto = new(RandomSource.System);

    private string Folder => Path.Combine(_parent, "profile");

    [Fact]
    public void A_locked_profile_opens_with_its_passphrase_only()
    {
        Write("a", "attack at dawn");
        Lock(current: null, "correct horse");
        Assert.True(ProfileStore.IsLocked(Folder));
        Assert.Equal(ClientErrorCode.PassphraseNeeded, Open(null).Error?.Code);
        Assert.Equal(ClientErrorCode.PassphraseWrong, Open("correct house").Error?.Code);
        using IClientStore store = Open("correct horse").Value;
        Assert.Equal("attack at dawn"u8.ToArray(), store.Get("a"u8));
    }

    [Fact]
    public void A_passphrase_is_changed_and_taken_away()
    {
        Write("a", "1");
        Lock(current: null, "one");
        Lock("one", "two");
        Assert.Equal(ClientErrorCode.PassphraseWrong, Open("one").Error?.Code);
        Assert.True(ProfileStore.ChangePassphrase(Folder, _crypto, Asking("two"), askNew: null, _time).Succeeded);
        Assert.False(ProfileStore.IsLocked(Folder));
        using IClientStore store = Open(null).Value;
        Assert.Equal("1"u8.ToArray(), store.Get("a"u8));
    }

    [Fact]
    public void Without_the_right_passphrase_nothing_is_changed()
    {
        Write("a", "1");
        Lock(current: null, "one");
        byte[] before = File.ReadAllBytes(Path.Combine(Folder, "parley.key"));
        ClientResult refused = ProfileStore.ChangePassphrase(Folder, _crypto, Asking("two"), () => ClientResult.Of(SecretOf("three")), _time);
        Assert.Equal(ClientErrorCode.PassphraseWrong, refused.Error?.Code);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(Folder, "parley.key")));
    }

    [Fact]
    public void Wrong_tries_are_slowed_down_more_and_more_and_no_restart_forgives_them()
    {
        Write("a", "1");
        Lock(current: null, "right");
        for (int i = 0; i < 3; i++)
            Assert.Equal(ClientErrorCode.PassphraseWrong, Open("wrong").Error?.Code);
        foreach (int seconds in new[] { 1, 2, 4 })
        {
            ClientError tooSoon = Open("right").Error!;
            Assert.Equal((ClientErrorCode.PassphraseTooSoon, TimeSpan.FromSeconds(seconds)), (tooSoon.Code, tooSoon.RetryAfter));
            _time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(ClientErrorCode.PassphraseWrong, Open("wrong").Error?.Code);
        }

        _time.Advance(TimeSpan.FromMinutes(15));
        Open("right").Value.Dispose();
        Assert.Equal(ClientErrorCode.PassphraseWrong, Open("wrong").Error?.Code);
        Open("right").Value.Dispose();
    }

    [Fact]
    public void A_clock_that_went_back_makes_the_wait_no_longer_than_it_is()
    {
        Write("a", "1");
        Lock(current: null, "right");
        for (int i = 0; i < 4; i++)
        {
            Open("wrong");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var earlier = new FakeTimeProvider(_time.GetUtcNow() - TimeSpan.FromDays(365));
        Assert.Equal(ClientErrorCode.PassphraseTooSoon, ProfileStore.Open(Folder, _crypto, Asking("right"), earlier).Error?.Code);
        earlier.Advance(TimeSpan.FromSeconds(2));
        ProfileStore.Open(Folder, _crypto, Asking("right"), earlier).Value.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(14)]
    [InlineData(20)]
    [InlineData(60)]
    public void A_changed_byte_of_the_locked_key_is_refused(int position)
    {
        Write("a", "1");
        Lock(current: null, "right");
        string path = Path.Combine(Folder, "parley.key");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[position] ^= 0x81;
        File.WriteAllBytes(path, bytes);
        Assert.True(Open("right").Error?.Code is ClientErrorCode.PassphraseWrong or ClientErrorCode.ProfileKeyWrong);
    }

    [Fact]
    public void No_file_holds_the_passphrase_or_the_key()
    {
        Write("a", "1");
        byte[] key = File.ReadAllBytes(Path.Combine(Folder, "parley.key"));
        Lock(current: null, "correct horse");
        foreach (string path in Directory.GetFiles(Folder))
        {
            byte[] bytes = File.ReadAllBytes(path);
            Assert.Equal((-1, -1), (bytes.AsSpan().IndexOf(key), bytes.AsSpan().IndexOf("correct horse"u8)));
        }
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private static Secret SecretOf(string text) => new(Encoding.UTF8.GetBytes(text));

    private static Func<Secret?> Asking(string? passphrase) => () => passphrase is null ? null : SecretOf(passphrase);

    private ClientResult<IClientStore> Open(string? passphrase) => ProfileStore.Open(Folder, _crypto, Asking(passphrase), _time);

    private void Lock(string? current, string passphrase) =>
        Assert.True(ProfileStore.ChangePassphrase(Folder, _crypto, Asking(current), () => ClientResult.Of(SecretOf(passphrase)), _time).Succeeded);

    private void Write(string key, string value)
    {
        using IClientStore store = Open(null).Value;
        var batch = new StoreBatch();
        batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        store.Write(batch);
    }
}
