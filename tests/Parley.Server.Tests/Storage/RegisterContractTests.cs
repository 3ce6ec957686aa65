using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;
using Parley.Server.KeyPackages;

namespace Parley.Server.Tests.Storage;

/// <summary>What every store of accounts, invites and KeyPackages promises.</summary>
public sealed class RegisterContractTests
{
    private const CipherSuite Suite = CipherSuite.XWingChaCha20Poly1305Sha256Ed25519;
    private const CipherSuite OtherSuite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Kinds => StoreKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_invite_makes_as_many_accounts_as_it_says(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        byte[] invite = await InviteAsync(stores, uses: 1);
        var (first, second) = (new TestDevice("first"), new TestDevice("second"));
        Assert.Equal(ErrorCode.None, await stores.Accounts.RegisterAsync(invite, first.Certificate, Now));
        Assert.Equal(ErrorCode.InviteUsed, await stores.Accounts.RegisterAsync(invite, second.Certificate, Now));
        Assert.Equal(ErrorCode.InviteUsed, await stores.Invites.CheckAsync(invite, Now));
        Assert.Null(await stores.Accounts.FindDeviceAsync(second.Id));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Registering_the_same_certificate_again_succeeds_and_uses_nothing_up(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        byte[] invite = await InviteAsync(stores, uses: 2);
        var device = new TestDevice("first");
        Assert.Equal(ErrorCode.None, await stores.Accounts.RegisterAsync(invite, device.Certificate, Now));
        Assert.Equal(ErrorCode.None, await stores.Accounts.RegisterAsync(invite, device.Certificate, Now));
        Assert.Equal(ErrorCode.None, await stores.Accounts.RegisterAsync(invite, new TestDevice("second").Certificate, Now));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_refused_registration_uses_no_invite_up(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice present = await stores.RegisterAsync("taken");
        byte[] invite = await InviteAsync(stores, uses: 1);
        Assert.Equal(ErrorCode.HandleTaken, await stores.Accounts.RegisterAsync(invite, new TestDevice("taken").Certificate, Now));
        Assert.Equal(ErrorCode.CertificateInvalid, await stores.Accounts.RegisterAsync(invite, new TestDevice("other", id: present.Id).Certificate, Now));
        Assert.Equal(ErrorCode.None, await stores.Invites.CheckAsync(invite, Now));
        Assert.Equal(present.Certificate.Encoded.ToArray(), (await stores.Accounts.FindDeviceAsync(present.Id))!.Certificate.Encoded.ToArray());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_invite_expires(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        byte[] invite = await InviteAsync(stores, uses: 1);
        DateTimeOffset later = Now.AddHours(1);
        Assert.Equal(ErrorCode.None, await stores.Invites.CheckAsync(invite, later.AddMilliseconds(-1)));
        Assert.Equal(ErrorCode.InviteExpired, await stores.Invites.CheckAsync(invite, later));
        Assert.Equal(ErrorCode.InviteExpired, await stores.Accounts.RegisterAsync(invite, new TestDevice("late").Certificate, later));
        Assert.Equal(ErrorCode.InviteUnknown, await stores.Accounts.RegisterAsync(new byte[32], new TestDevice("late").Certificate, later));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_account_is_found_by_its_handle(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice device = await stores.RegisterAsync("alice");
        Account account = (await stores.Accounts.FindAsync(device.Certificate.Handle))!;
        Assert.Equal(device.Certificate.AccountKey.ToArray(), account.AccountKey);
        Assert.Equal(device.Certificate.Encoded.ToArray(), Assert.Single(account.Certificates));
        Assert.Null(await stores.Accounts.FindAsync(new TestDevice("nobody").Certificate.Handle));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_key_package_is_handed_out_once_and_the_last_resort_one_again_and_again(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice device = await stores.RegisterAsync("alice");
        CheckedKeyPackage lastResort = KeyPackage(isLastResort: true);
        CheckedKeyPackage[] ordinary = [KeyPackage(), KeyPackage()];
        Assert.Equal(ErrorCode.None, await stores.KeyPackages.AddAsync(device.Id, [lastResort, .. ordinary], Now));
        Assert.Equal(new KeyPackageStock(2, true), await stores.KeyPackages.CountAsync(device.Id, Suite, Now));

        Assert.Equal(ordinary[0].Content, await ClaimOneAsync(stores, device));
        Assert.Equal(ordinary[1].Content, await ClaimOneAsync(stores, device));
        Assert.Equal(lastResort.Content, await ClaimOneAsync(stores, device));
        Assert.Equal(lastResort.Content, await ClaimOneAsync(stores, device));
        Assert.Equal(new KeyPackageStock(0, true), await stores.KeyPackages.CountAsync(device.Id, Suite, Now));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_new_last_resort_key_package_replaces_the_former(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice device = await stores.RegisterAsync("alice");
        CheckedKeyPackage second = KeyPackage(isLastResort: true);
        await stores.KeyPackages.AddAsync(device.Id, [KeyPackage(isLastResort: true)], Now);
        await stores.KeyPackages.AddAsync(device.Id, [second], Now);
        Assert.Equal(second.Content, await ClaimOneAsync(stores, device));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Key_packages_of_each_suite_are_kept_apart(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice device = await stores.RegisterAsync("alice");
        CheckedKeyPackage[] hybrid = [KeyPackage(), KeyPackage(isLastResort: true)];
        CheckedKeyPackage[] other = [KeyPackage(suite: OtherSuite), KeyPackage(isLastResort: true, OtherSuite)];
        await stores.KeyPackages.AddAsync(device.Id, [.. hybrid, .. other], Now);
        Assert.Equal(new KeyPackageStock(1, true), await stores.KeyPackages.CountAsync(device.Id, Suite, Now));
        Assert.Equal(new KeyPackageStock(1, true), await stores.KeyPackages.CountAsync(device.Id, OtherSuite, Now));
        Assert.Equal(hybrid[0].Content, await ClaimOneAsync(stores, device));
        Assert.Equal(hybrid[1].Content, await ClaimOneAsync(stores, device));
        Assert.Equal(hybrid[1].Content, await ClaimOneAsync(stores, device));
        Assert.Equal(new KeyPackageStock(1, true), await stores.KeyPackages.CountAsync(device.Id, OtherSuite, Now));
        Assert.Empty((await stores.KeyPackages.ClaimAsync(device.Certificate.Handle, CipherSuite.X25519Aes128GcmSha256Ed25519, Now))!);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_expired_key_package_is_not_handed_out(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice device = await stores.RegisterAsync("alice");
        await stores.KeyPackages.AddAsync(device.Id, [KeyPackage()], Now);
        Assert.Empty((await stores.KeyPackages.ClaimAsync(device.Certificate.Handle, Suite, Now.AddDays(30)))!);
        Assert.Null(await stores.KeyPackages.ClaimAsync(new TestDevice("nobody").Certificate.Handle, Suite, Now));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Key_packages_are_limited_and_not_kept_twice(string kind)
    {
        await using StoreFixture stores = await StoreFixture.OpenAsync(kind);
        TestDevice device = await stores.RegisterAsync("alice");
        CheckedKeyPackage[] full = [.. Enumerable.Range(0, Limits.KeyPackagesPerDeviceMax).Select(_ => KeyPackage())];
        Assert.Equal(ErrorCode.None, await stores.KeyPackages.AddAsync(device.Id, full, Now));
        Assert.Equal(ErrorCode.None, await stores.KeyPackages.AddAsync(device.Id, full[..10], Now));
        Assert.Equal(ErrorCode.TooLarge, await stores.KeyPackages.AddAsync(device.Id, [KeyPackage()], Now));
        Assert.Equal(Limits.KeyPackagesPerDeviceMax, (await stores.KeyPackages.CountAsync(device.Id, Suite, Now)).Count);
    }

    private static async Task<byte[]> InviteAsync(StoreFixture stores, int uses)
    {
        byte[] hash = RandomNumberGenerator.GetBytes(32);
        await stores.Invites.AddAsync(hash, uses, Now.AddHours(1));
        return hash;
    }

    private static async Task<byte[]> ClaimOneAsync(StoreFixture stores, TestDevice device) =>
        Assert.Single((await stores.KeyPackages.ClaimAsync(device.Certificate.Handle, Suite, Now))!);

    private static CheckedKeyPackage KeyPackage(bool isLastResort = false, CipherSuite suite = Suite)
    {
        byte[] content = RandomNumberGenerator.GetBytes(100);
        return new CheckedKeyPackage(suite, SHA256.HashData(content), content, isLastResort, Now.AddDays(30));
    }
}
