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
/// tree, as half of all members are. The others were as real while it was made, and left nothing behind but their leaves: nobody needs
/// their keys afterwards. While a group is made, signatures are not verified, as they are our own.
/// </summary>
internal sealed class BenchGroup : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // As long as a device certificate.
    private const int CredentialBytes = 200;

    private readonly MeasuredCryptoProvider _provider;
    private readonly CipherSuite _suite;

    private BenchGroup(MeasuredCryptoProvider provider, CipherSuite suite)
    {
        _provider = provider;
        _suite = suite;
        Config = new GroupConfig { Crypto = provider, Authentication = new AcceptAll() };
        First = CreateFirst();
        Last = First;
        Neighbour = First;
    }

    public GroupConfig Config { get; }

    public Group First { get; }

    public Group Neighbour { get; private set; }

    public Group Last { get; private set; }

    /// <summary>A group whose first member added everybody in one Commit.</summary>
    public static BenchGroup Flat(MeasuredCryptoProvider provider, CipherSuite suite, int leaves) => Make(provider, suite, group => group.AddAll(leaves));

    /// <summary>A group in which every member has committed once: each, when it was added, made a Commit before the next was added.</summary>
    public static BenchGroup Full(MeasuredCryptoProvider provider, CipherSuite suite, int leaves) => Make(provider, suite, group => group.AddOneByOne(leaves));

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

    public void Dispose()
    {
        First.Dispose();
        Neighbour.Dispose();
        Last.Dispose();
    }

    private static BenchGroup Make(MeasuredCryptoProvider provider, CipherSuite suite, Action<BenchGroup> fill)
    {
        provider.TrustsSignatures = true;
        try
        {
            var group = new BenchGroup(provider, suite);
            fill(group);
            return group;
        }
        finally
        {
            provider.TrustsSignatures = false;
        }
    }

    private Group CreateFirst() => Group.Create(Config, NewIdentity(_provider, _suite), _suite, "benchmark"u8, []);

    private void AddAll(int leaves)
    {
        var joiners = new List<(LeafIdentity Identity, KeyPackageBundle Bundle)>();
        for (int i = 1; i < leaves; i++)
        {
            LeafIdentity identity = NewIdentity(_provider, _suite);
            joiners.Add((identity, NewKeyPackage(_provider, _suite, identity)));
        }

        ImmutableArray<Proposal> adds = [.. joiners.Select(static joiner => new Proposal.Add(joiner.Bundle.KeyPackage))];
        PendingCommit commit = First.Commit(new CommitOptions { Proposals = adds }, Now);
        MlsMessage.Welcome welcome = Decode(commit.Welcome!.Value);
        First.MergePendingCommit();
        First.TakeWrites();
        Neighbour = Join(joiners[0].Identity, welcome, joiners[0].Bundle);
        Last = leaves == 2 ? Neighbour : Join(joiners[^1].Identity, welcome, joiners[^1].Bundle);
    }

    private void AddOneByOne(int leaves)
    {
        for (int i = 1; i < leaves; i++)
        {
            LeafIdentity identity = NewIdentity(_provider, _suite);
            using KeyPackageBundle bundle = NewKeyPackage(_provider, _suite, identity);
            PendingCommit add = First.Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)], ForcesPath = false }, Now);
            ReadOnlyMemory<byte> welcome = add.Welcome!.Value;
            Deliver(First, add.Message);
            Group joined = Join(identity, Decode(welcome), bundle);
            if (i == 1)
                Neighbour = joined;
            Deliver(joined, joined.Commit(new CommitOptions(), Now).Message);
            if (i == leaves - 1)
                Last = joined;
            else if (i > 1)
                joined.Dispose();
        }

        Deliver(First, First.Commit(new CommitOptions(), Now).Message);
    }

    /// <summary>The committer merges its pending Commit, the members that are kept process it.</summary>
    private void Deliver(Group committer, ReadOnlyMemory<byte> commit)
    {
        committer.MergePendingCommit();
        committer.TakeWrites();
        foreach (Group member in new HashSet<Group> { First, Neighbour, Last })
        {
            if (member == committer)
                continue;
            Process(member, commit);
            member.TakeWrites();
        }
    }

    private Group Join(LeafIdentity identity, MlsMessage.Welcome welcome, KeyPackageBundle bundle)
    {
        using StagedWelcome staged = StagedWelcome.Stage(Config, identity, welcome.Message, bundle);
        Group group = staged.Join();
        group.TakeWrites();
        return group;
    }

    private sealed class AcceptAll : IAuthenticationService
    {
        public bool IsValid(LeafNode leaf) => true;

        public bool IsSuccessor(LeafNode current, LeafNode successor) => true;
    }
}
