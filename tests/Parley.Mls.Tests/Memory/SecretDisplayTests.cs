using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Schedule;
using Parley.Mls.Storage;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Memory;

/// <summary>
/// No type that holds a secret shows a byte of it: not in its text, not as JSON, not in the debugger. The types are found, not listed: a
/// new one is tested from its first day.
/// </summary>
public sealed class SecretDisplayTests
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Assembly[] Libraries =
        [.. typeof(SecretDisplayTests).Assembly.GetReferencedAssemblies().Where(static name => name.Name!.StartsWith("Parley.", StringComparison.Ordinal)).Select(Assembly.Load)];

    /// <summary>Bytes and strings beside secrets that are not secret themselves. What is secret is a <see cref="Secret"/>.</summary>
    private static readonly HashSet<string> PublicFields =
    [
        "HpkeKeyPair.PublicKey", "SignatureKeyPair.PublicKey", "KeyPackageBundle.Reference",
        "EpochState.ConfirmationTag", "PastEpoch.EncodedContext", "CommitMaking.AuthenticatedData", "CommitOptions.AuthenticatedData",
        "PendingCommit.Message", "PendingCommit.Welcome", "Stored.Message", "Stored.Welcome", "PendingExternalCommit.Message", "ContinuedGroup.Welcome",

        // Copies of stored entries, for as long as a group is restored from them: their secrets are moved out, the rest stays.
        "GroupRestore._copies", "GroupRestore._privateKeys", "GroupRestore._ratchets", "GroupRestore._rest", "GroupRestore._epoch", "GroupRestore._pendingCommit",
    ];

    public static TheoryData<string> Holders => [.. SecretHolders().Select(static type => type.FullName!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Holders))]
    public void A_type_that_holds_a_secret_has_no_text_of_its_own_and_no_plain_secret(string name)
    {
        Type type = SecretHolders().Single(holder => holder.FullName == name);
        MethodInfo? text = type.GetMethod(nameof(ToString), Instance, []);
        Assert.True(text is null || IsGenerated(text), $"{name} has a ToString of its own.");
        Assert.Null(type.GetCustomAttribute<DebuggerDisplayAttribute>());
        Assert.Null(type.GetCustomAttribute<DebuggerTypeProxyAttribute>());
        IEnumerable<string> plain = type.GetFields(Instance).Where(static field => IsPlain(field.FieldType)).Select(FieldName);
        Assert.Empty(plain.Except(PublicFields)); // Is it secret? Then it is a Secret. If it is not, say so above.
    }

    [Fact]
    public void What_is_said_to_be_public_is_there()
    {
        IEnumerable<string> fields = SecretHolders().SelectMany(static type => type.GetFields(Instance)).Select(FieldName);
        Assert.Empty(PublicFields.Except(fields));
    }

    [Fact]
    public void The_types_that_hold_secrets_are_found()
    {
        HashSet<Type> holders = SecretHolders();
        Assert.Superset(
            new HashSet<Type> { typeof(Group), typeof(KeyPackageBundle), typeof(PendingCommit), typeof(StagedCommit), typeof(StagedWelcome), typeof(SignatureKeyPair), typeof(LeafIdentity) },
            holders);
        Assert.DoesNotContain(typeof(Member), holders);
    }

    [Fact]
    public void Nothing_that_is_alive_shows_a_byte_of_a_secret()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3).Filled();
        world[1].Send("skipped");
        world[0].Read(world[1].Send("read"));
        world.Propose(world[0].Propose(static group => group.ProposeUpdate()));
        Client joiner = world.NewClient();
        KeyPackageBundle bundle = joiner.NewKeyPackage();
        PendingCommit pending = world[0].Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)], IncludesReceivedProposals = false });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? welcome, out _));
        using StagedWelcome staged = StagedWelcome.Stage(world.Config, joiner.Identity, Assert.IsType<MlsMessage.Welcome>(welcome).Message, bundle);
        using HpkeKeyPair pair = world.Suite.GenerateHpkeKeyPair();

        // RFC 9420 §8.7: the epoch authenticator is there to be shown.
        object[] roots = [world[0].Group, staged, bundle, pair, world[0].Identity];
        List<object> alive = [.. ObjectGraph.Walk(roots).Select(static entry => entry.Item)];
        string[] shown = [.. alive.OfType<Secret>().Except(alive.OfType<EpochSecrets>().Select(static secrets => secrets.EpochAuthenticator))
            .Where(static secret => !secret.IsDisposed).SelectMany(Forms).Distinct()];
        Assert.True(shown.Length > 100);
        var seen = new HashSet<Type>();
        foreach (object holder in alive)
        {
            if (!Libraries.Contains(holder.GetType().Assembly) || !seen.Add(holder.GetType()))
                continue;
            string text = $"{holder} {Json(holder)}";
            foreach (string form in shown)
                Assert.False(text.Contains(form, StringComparison.OrdinalIgnoreCase), $"{holder.GetType()} shows a secret.");
        }

        Assert.Superset(new HashSet<Type> { typeof(Group), typeof(Secret), typeof(PendingCommit), typeof(KeyPackageBundle) }, seen);
    }

    [Fact]
    public void What_is_to_be_stored_shows_its_key_and_not_its_value()
    {
        using World world = new World(World.DefaultSuite).WithMembers(1);
        var write = new StateWrite("key"u8.ToArray(), new byte[] { 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5 });
        string text = $"{write} {Json(write)}";
        Assert.Contains(Convert.ToBase64String("key"u8), text, StringComparison.Ordinal);
        foreach (string form in (string[])["a5a5", Convert.ToBase64String(write.Value!.Value.Span), "165"])
            Assert.DoesNotContain(form, text, StringComparison.OrdinalIgnoreCase);
        PropertyInfo value = typeof(StateWrite).GetProperty(nameof(StateWrite.Value))!;
        Assert.Equal(DebuggerBrowsableState.Never, value.GetCustomAttribute<DebuggerBrowsableAttribute>()!.State);
    }

    [Fact]
    public void The_debugger_shows_the_length_of_a_secret()
    {
        Assert.Equal("{ToString(),nq}", typeof(Secret).GetCustomAttribute<DebuggerDisplayAttribute>()!.Value);
        FieldInfo bytes = Assert.Single(typeof(Secret).GetFields(BindingFlags.NonPublic | BindingFlags.Instance));
        Assert.Equal(DebuggerBrowsableState.Never, bytes.GetCustomAttribute<DebuggerBrowsableAttribute>()!.State);
    }

    /// <summary>All types of the libraries that have a <see cref="Secret"/> in a field, or something that has one.</summary>
    private static HashSet<Type> SecretHolders()
    {
        Type[] all = [.. Libraries.SelectMany(static library => library.GetTypes()).Where(static type => type != typeof(Secret) && !IsGenerated(type))];
        var holders = new HashSet<Type> { typeof(Secret) };
        bool found = true;
        while (found)
        {
            found = false;
            foreach (Type type in all)
                found |= !holders.Contains(type) && type.GetFields(Instance).Any(field => Mentions(field.FieldType, holders)) && holders.Add(type);
        }

        holders.Remove(typeof(Secret));
        return holders;
    }

    private static bool Mentions(Type type, HashSet<Type> holders) =>
        holders.Contains(type)
        || (type.HasElementType && Mentions(type.GetElementType()!, holders))
        || (type.IsGenericType && !typeof(Delegate).IsAssignableFrom(type) && type.GetGenericArguments().Any(argument => Mentions(argument, holders)));

    private static bool IsPlain(Type type) =>
        type == typeof(byte[]) || type == typeof(string) || type == typeof(char[])
        || (type.IsGenericType && !typeof(Delegate).IsAssignableFrom(type) && type.GetGenericArguments().Any(static argument => argument == typeof(byte) || IsPlain(argument)));

    private static bool IsGenerated(MemberInfo member) =>
        member.GetCustomAttribute<CompilerGeneratedAttribute>() is not null || member.DeclaringType?.GetCustomAttribute<CompilerGeneratedAttribute>() is not null;

    /// <summary>The field, or the property it stands behind.</summary>
    private static string FieldName(FieldInfo field) =>
        $"{field.DeclaringType!.Name}.{(field.Name[0] == '<' ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name)}";

    private static IEnumerable<string> Forms(Secret secret)
    {
        byte[] bytes = secret.AsSpan().ToArray();
        yield return Convert.ToHexString(bytes);
        yield return Convert.ToBase64String(bytes);
        yield return string.Join(',', bytes);
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
