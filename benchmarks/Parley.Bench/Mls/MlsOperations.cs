using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;

namespace Parley.Bench.Mls;

/// <summary>The operations that are measured.</summary>
internal sealed class MlsOperations(ICryptoProvider provider, CipherSuite suite)
{
    public MlsOperation KeyPackage()
    {
        LeafIdentity identity = BenchGroup.NewIdentity(provider, suite);
        return new MlsOperation("key_package", () =>
        {
            using KeyPackageBundle bundle = BenchGroup.NewKeyPackage(provider, suite, identity);
            return new Outcome(new MlsMessage.KeyPackage(bundle.KeyPackage).Encode<MlsMessage>(), []);
        });
    }

    /// <summary>A new group, and one Commit that adds all others.</summary>
    public IEnumerable<MlsOperation> Create(int leaves)
    {
        LeafIdentity identity = BenchGroup.NewIdentity(provider, suite);
        var adds = new List<Proposal>();
        for (int i = 1; i < leaves; i++)
        {
            using KeyPackageBundle bundle = BenchGroup.NewKeyPackage(provider, suite, BenchGroup.NewIdentity(provider, suite));
            adds.Add(new Proposal.Add(bundle.KeyPackage));
        }

        return ByThreads("create", config =>
        {
            using Group group = Group.Create(config, identity, suite, "benchmark"u8, []);
            ReadOnlyMemory<byte> message = group.Commit(new CommitOptions { Proposals = adds }, BenchGroup.Now).Message;
            group.MergePendingCommit();
            return new Outcome(message, group.TakeWrites());
        }).Select(operation => operation with { Leaves = leaves, Shape = "flat" });
    }

    public static IEnumerable<MlsOperation> Messages(BenchGroup group, int payloadBytes)
    {
        byte[] payload = new byte[payloadBytes];
        byte[] message = [];
        yield return new MlsOperation("protect", () => new Outcome(group.First.Protect(payload), group.First.TakeWrites()))
        {
            PayloadBytes = payloadBytes,
            Follow = outcome => Unprotect(outcome.Message),
        };
        yield return new MlsOperation("unprotect", () => Unprotect(message))
        {
            PayloadBytes = payloadBytes,
            Prepare = () =>
            {
                message = group.First.Protect(payload);
                group.First.TakeWrites();
            },
        };

        Outcome Unprotect(ReadOnlyMemory<byte> encoded)
        {
            bool opened = MlsMessage.TryDecode(encoded.Span, out MlsMessage? decoded, out _)
                && group.Last.Process(decoded, BenchGroup.Now) is Received.Application { Data.Length: var length }
                && length == payloadBytes;
            return opened ? new Outcome(encoded, group.Last.TakeWrites()) : throw new InvalidOperationException("A message of our own is not opened.");
        }
    }

    public static IEnumerable<MlsOperation> Commits(BenchGroup group)
    {
        ReadOnlyMemory<byte> sent = default;
        yield return new MlsOperation("commit", Commit) { Follow = outcome => group.Follow(outcome.Message) };
        yield return Process("process", group.Last);
        if (group.Neighbour != group.Last)
            yield return Process("process_neighbour", group.Neighbour);

        MlsOperation Process(string name, Group member) => new(name, () =>
        {
            BenchGroup.Process(member, sent);
            return new Outcome(sent, member.TakeWrites());
        })
        {
            Prepare = () => sent = Commit().Message,
            Follow = outcome => group.Follow(outcome.Message),
        };

        Outcome Commit()
        {
            ReadOnlyMemory<byte> message = group.First.Commit(new CommitOptions(), BenchGroup.Now).Message;
            group.First.MergePendingCommit();
            return new Outcome(message, group.First.TakeWrites());
        }
    }

    /// <summary>One more member is added, and joins; the Commit is dropped, so that the group stays as large as it is.</summary>
    public IEnumerable<MlsOperation> AddAndJoin(BenchGroup group)
    {
        LeafIdentity identity = BenchGroup.NewIdentity(provider, suite);
        KeyPackageBundle bundle = BenchGroup.NewKeyPackage(provider, suite, identity);
        var options = new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] };
        ReadOnlyMemory<byte> welcome = Add().Welcome!.Value; // It adds a member.
        Drop();
        yield return new MlsOperation("add", () => new Outcome(Add().Message, group.First.TakeWrites())) { Follow = _ => Drop() };
        IEnumerable<MlsOperation> joins = ByThreads("join", config =>
        {
            using StagedWelcome staged = StagedWelcome.Stage(config, identity, BenchGroup.Decode(welcome).Message, bundle);
            using Group joined = staged.Join();
            return new Outcome(welcome, joined.TakeWrites());
        });
        foreach (MlsOperation join in joins)
            yield return join;

        PendingCommit Add() => group.First.Commit(options, BenchGroup.Now);

        void Drop()
        {
            group.First.ClearPendingCommit();
            group.First.TakeWrites();
        }
    }

    /// <summary>An operation whose work threads share, as an application has it by default, and on one thread.</summary>
    private IEnumerable<MlsOperation> ByThreads(string name, Func<GroupConfig, Outcome> run)
    {
        GroupConfig shared = BenchGroup.NewConfig(provider);
        GroupConfig alone = BenchGroup.NewConfig(provider, threadsMax: 1);
        yield return new MlsOperation(name, () => run(shared));
        yield return new MlsOperation(name + "_one_thread", () => run(alone));
    }
}
