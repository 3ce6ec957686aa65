using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Schedule;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Groups;

/// <summary>No type that holds a secret shows a byte of it: not in its text, not as JSON, not in the debugger.</summary>
public sealed class SecretDisplayTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite).WithMembers(3).Filled();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Key_pairs_and_bundles_show_nothing()
    {
        using SignatureKeyPair signer = SignatureKeyPair.Generate(Suites.Provider, _world.Suite.Parameters.Signature);
        using HpkeKeyPair hpke = _world.Suite.GenerateHpkeKeyPair();
        KeyPackageBundle bundle = _world.NewClient().NewKeyPackage();
        AssertHidden(signer, signer.PrivateKey);
        AssertHidden(hpke, hpke.PrivateKey);
        AssertHidden(bundle, bundle.InitPrivateKey, bundle.EncryptionPrivateKey);
        AssertHidden(_world[0].Identity, _world[0].Identity.Signer.PrivateKey);
        AssertHidden(hpke.PrivateKey, hpke.PrivateKey);
    }

    [Fact]
    public void A_group_and_its_epoch_show_nothing()
    {
        EpochState epoch = _world[0].Epoch();
        EpochSecrets secrets = epoch.Secrets;
        Secret[] all =
        [
            secrets.SenderDataSecret, secrets.ExporterSecret, secrets.ExternalSecret, secrets.ConfirmationKey, secrets.MembershipKey,
            secrets.ResumptionPsk, secrets.InitSecret, .. epoch.PrivateKeys.All.Select(static entry => entry.Value),
        ];
        AssertHidden(_world[0].Group, all);
        AssertHidden(epoch, all);
        AssertHidden(secrets, all);
        AssertHidden(epoch.PrivateKeys, all);
        AssertHidden(epoch.MessageSecrets, all);
    }

    [Fact]
    public void Commits_and_Welcomes_on_their_way_show_nothing()
    {
        Client joiner = _world.NewClient();
        KeyPackageBundle bundle = joiner.NewKeyPackage();
        PendingCommit pending = _world[0].Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] });
        EpochSecrets next = pending.Staged.Next!.Secrets;
        Secret[] secrets = [next.InitSecret, next.ExporterSecret, next.SenderDataSecret, .. pending.Staged.Next.PrivateKeys.All.Select(static entry => entry.Value)];
        AssertHidden(pending, secrets);
        AssertHidden(pending.Staged, secrets);
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? message, out _));
        using StagedWelcome staged = StagedWelcome.Stage(_world.Config, joiner.Identity, Assert.IsType<MlsMessage.Welcome>(message).Message, bundle);
        AssertHidden(staged, secrets);
    }

    [Fact]
    public void The_debugger_shows_the_length_of_a_secret()
    {
        Assert.Equal("{ToString(),nq}", typeof(Secret).GetCustomAttribute<DebuggerDisplayAttribute>()!.Value);
        FieldInfo bytes = Assert.Single(typeof(Secret).GetFields(BindingFlags.NonPublic | BindingFlags.Instance));
        Assert.Equal(DebuggerBrowsableState.Never, bytes.GetCustomAttribute<DebuggerBrowsableAttribute>()!.State);
        using Secret secret = new([1, 2, 3]);
        Assert.Equal("Secret(3)", secret.ToString());
    }

    [Fact]
    public void No_secret_is_kept_as_plain_bytes()
    {
        // Whatever holds a secret for longer than a method does so as a Secret, which shows nothing and is zeroed.
        Type[] holders = [typeof(EpochSecrets), typeof(MessageKeys), typeof(SignatureKeyPair), typeof(HpkeKeyPair), typeof(KeyPackageBundle)];
        foreach (Type holder in holders)
        {
            IEnumerable<FieldInfo> plain = holder.GetFields(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance)
                .Where(static field => field.FieldType == typeof(byte[]) || field.FieldType == typeof(ReadOnlyMemory<byte>))
                .Where(static field => !field.Name.Contains("Public", StringComparison.OrdinalIgnoreCase) && !field.Name.Contains("Reference", StringComparison.Ordinal));
            Assert.Empty(plain);
        }
    }

    private static void AssertHidden(object holder, params Secret[] secrets)
    {
        string shown = $"{holder} {Json(holder)}";
        foreach (Secret secret in secrets)
        {
            Assert.DoesNotContain(Convert.ToHexString(secret.AsSpan()), shown, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(secret.AsSpan()), shown, StringComparison.Ordinal);
            Assert.DoesNotContain(string.Join(',', secret.AsSpan().ToArray()), shown, StringComparison.Ordinal);
        }
    }

    /// <summary>What a careless logger would make of it; a type that no serializer takes shows nothing either.</summary>
    private static string Json(object holder)
    {
        try
        {
            return JsonSerializer.Serialize(holder, holder.GetType());
        }
        catch (Exception refused) when (refused is NotSupportedException or JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
