using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Bench.Mls;

/// <summary>
/// A group of which three members are kept: the first, who commits; the one beside it; and the last, which is in the other half of the
/// tree, as half of all members are.
/// </summary>
internal sealed class BenchGroup : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // As long as a device certificate.
    private const int CredentialBytes = 200;

    private BenchGroup(GroupConfig config, Group first, Group neighbour, Group last)
    {
        Config = config;
        First = first;
        Neighbour = neighbour;
        Last = last;
    }

    public GroupConfig Config { get; }

    public Group First { get; }

    public Group Neighbour { get; }

    public Group Last { get; }

    public static GroupConfig NewConfig(ICryptoProvider provider, int? threadsMax = null)
    {
        var config = new GroupConfig { Crypto = provider, Authentication = new AcceptAll() };
        return threadsMax is { } threads ? new GroupConfig { Crypto = provider, Authentication = config.Authentication, ThreadsMax = threads } : config;
    }

    /// <summary>A group whose first member added everybody in one Commit.</summary>
    public static BenchGroup Flat(ICryptoProvider provider, CipherSuite suite, int leaves)
    {
        GroupConfig config = NewConfig(provider);
        Group first = Group.Create(config, NewIdentity(provider, suite), suite, "benchmark"u8, []);
        var joiners = new List<(LeafIdentity Identity, KeyPackageBundle Bundle)>();
        for (int i = 1; i < leaves; i++)
        {
            LeafIdentity identity = NewIdentity(provider, suite);
            joiners.Add((identity, NewKeyPackage(provider, suite, identity)));
        }

        ImmutableArray<Proposal> adds = [.. joiners.Select(static joiner => new Proposal.Add(joiner.Bundle.KeyPackage))];
        MlsMessage.Welcome welcome = Decode(first.Commit(new CommitOptions { Proposals = adds }, Now).Welcome!.Value); // It adds members.
        first.MergePendingCommit();
        Group neighbour = Join(config, joiners[0].Identity, welcome, joiners[0].Bundle);
        Group last = leaves == 2 ? neighbour : Join(config, joiners[^1].Identity, welcome, joiners[^1].Bundle);
        return new BenchGroup(config, first, neighbour, last).Settled();
    }

    /// <summary>A group in which every member has committed once.</summary>
    public static BenchGroup Full(ICryptoProvider provider, CipherSuite suite, int leaves)
    {
        GroupConfig config = NewConfig(provider);
        var lastLeaf = new LeafIndex((uint)leaves - 1);
        var tree = new FullTree(new CryptoSuite(provider, suite), leaves, default, new LeafIndex(1), lastLeaf);
        Group neighbour = tree.GroupOf(new LeafIndex(1), config);
        Group last = leaves == 2 ? neighbour : tree.GroupOf(lastLeaf, config);
        return new BenchGroup(config, tree.GroupOf(default, config), neighbour, last).Settled();
    }

    public static LeafIdentity NewIdentity(ICryptoProvider provider, CipherSuite suite)
    {
        byte[] name = new byte[CredentialBytes];
        provider.FillRandom(name);
        return new LeafIdentity(
            SignatureKeyPair.Generate(provider, CipherSuites.Find(suite)!.Signature),
            new Credential.Basic(name),
            new Capabilities([ProtocolVersion.Mls10], [suite], [], [], [CredentialType.Basic]),
            []);
    }

    public static KeyPackageBundle NewKeyPackage(ICryptoProvider provider, CipherSuite suite, LeafIdentity identity)
    {
        long now = Now.ToUnixTimeSeconds();
        var lifetime = new Lifetime((ulong)(now - 3600), (ulong)now + (90 * 24 * 3600));
        return KeyPackageBundle.Create(provider, suite, identity, lifetime, []);
    }

    public static MlsMessage.Welcome Decode(ReadOnlyMemory<byte> welcome) =>
        MlsMessage.TryDecode(welcome.Span, out MlsMessage? message, out _) && message is MlsMessage.Welcome decoded
            ? decoded
            : throw new InvalidOperationException("A Welcome of our own does not decode.");

    /// <summary>Decodes, verifies and merges a Commit.</summary>
    public static void Process(Group group, ReadOnlyMemory<byte> encoded)
    {
        if (!MlsMessage.TryDecode(encoded.Span, out MlsMessage? message, out _) || group.Process(message, Now) is not Received.Commit commit)
            throw new InvalidOperationException("A Commit of our own is not processed.");
        group.Merge(commit.Staged);
    }

    /// <summary>Lets those follow who are behind the first member.</summary>
    public void Follow(ReadOnlyMemory<byte> commit)
    {
        foreach (Group member in new HashSet<Group> { Neighbour, Last })
        {
            if (member.Epoch < First.Epoch)
                Process(member, commit);
            member.TakeWrites();
        }
    }

    public void Dispose()
    {
        First.Dispose();
        Neighbour.Dispose();
        Last.Dispose();
    }

    private static Group Join(GroupConfig config, LeafIdentity identity, MlsMessage.Welcome welcome, KeyPackageBundle bundle)
    {
        using StagedWelcome staged = StagedWelcome.Stage(config, identity, welcome.Message, bundle);
        return staged.Join();
    }

    private BenchGroup Settled()
    {
        foreach (Group member in new[] { First, Neighbour, Last })
            member.TakeWrites();
        return this;
    }

    private sealed class AcceptAll : IAuthenticationService
    {
        public bool IsValid(LeafNode leaf) => true;

        public bool IsSuccessor(LeafNode current, LeafNode successor) => true;
    }
}
