using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Native;

namespace Parley.Bench.Mls;

/// <summary>
/// What an application pays: an operation is all it does with one message, from the bytes it received or to those it sends, with the
/// Commit merged and the writes taken.
/// </summary>
internal sealed class MlsBenchmarks
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly CipherSuite _suite;
    private readonly MeasuredCryptoProvider _provider;
    private readonly MlsHarness _harness;

    private MlsBenchmarks(CipherSuite suite, bool quick)
    {
        _suite = suite;
        var native = new NativeCryptoProvider(RandomSource.System);
        _provider = new MeasuredCryptoProvider(native);
        var primitives = new PrimitiveTimes(native, new CryptoSuite(native, suite).Parameters);
        _harness = new MlsHarness(_provider, primitives, (int)suite, quick);
    }

    /// <summary>Measures everything and writes the rows.</summary>
    public static void Run(FileInfo? file, bool quick, CipherSuite suite, IEnumerable<int> sizes)
    {
        var benchmarks = new MlsBenchmarks(suite, quick);
        benchmarks.MeasureKeyPackage();
        foreach (int leaves in sizes)
        {
            benchmarks.MeasureCreate(leaves);
            Console.Error.WriteLine($"making groups of {leaves}");
            using (BenchGroup flat = BenchGroup.Flat(benchmarks._provider, suite, leaves))
                benchmarks.MeasureGroup(flat, leaves, "flat");
            using (BenchGroup full = BenchGroup.Full(benchmarks._provider, suite, leaves))
                benchmarks.MeasureGroup(full, leaves, "full");
        }

        if (file is not null)
            File.WriteAllText(file.FullName, JsonSerializer.Serialize(benchmarks._harness.Rows, Json));
    }

    private void MeasureKeyPackage()
    {
        LeafIdentity identity = BenchGroup.NewIdentity(_provider, _suite);
        MlsHarness.Probe keyPackage = _harness.Operation("key_package");
        _harness.Measure(
            () => keyPackage.Run(() =>
            {
                using KeyPackageBundle bundle = BenchGroup.NewKeyPackage(_provider, _suite, identity);
                return new Outcome(new MlsMessage.KeyPackage(bundle.KeyPackage).Encode<MlsMessage>(), []);
            }),
            keyPackage);
    }

    /// <summary>A new group, and one Commit that adds all others.</summary>
    private void MeasureCreate(int leaves)
    {
        LeafIdentity identity = BenchGroup.NewIdentity(_provider, _suite);
        var adds = new List<Proposal>();
        for (int i = 1; i < leaves; i++)
        {
            using KeyPackageBundle bundle = BenchGroup.NewKeyPackage(_provider, _suite, BenchGroup.NewIdentity(_provider, _suite));
            adds.Add(new Proposal.Add(bundle.KeyPackage));
        }

        using BenchGroup other = BenchGroup.Flat(_provider, _suite, 2);
        MlsHarness.Probe create = _harness.Operation("create", leaves, "flat");
        _harness.Measure(
            () => create.Run(() =>
            {
                using Group group = Group.Create(other.Config, identity, _suite, "benchmark"u8, []);
                ReadOnlyMemory<byte> message = group.Commit(new CommitOptions { Proposals = adds }, BenchGroup.Now).Message;
                group.MergePendingCommit();
                return new Outcome(message, group.TakeWrites());
            }),
            create);
    }

    private void MeasureGroup(BenchGroup group, int leaves, string shape)
    {
        MeasureMessages(group, leaves, shape, 100);
        MeasureMessages(group, leaves, shape, 4096);
        MeasureCommit(group, leaves, shape);
        MeasureAddAndJoin(group, leaves, shape);
    }

    private void MeasureMessages(BenchGroup group, int leaves, string shape, int payloadBytes)
    {
        byte[] payload = new byte[payloadBytes];
        MlsHarness.Probe protect = _harness.Operation("protect", leaves, shape, payloadBytes);
        MlsHarness.Probe unprotect = _harness.Operation("unprotect", leaves, shape, payloadBytes);
        _harness.Measure(
            () =>
            {
                ReadOnlyMemory<byte> sealedMessage = protect.Run(() => new Outcome(group.First.Protect(payload), group.First.TakeWrites()));
                unprotect.Run(() =>
                {
                    if (!MlsMessage.TryDecode(sealedMessage.Span, out MlsMessage? message, out _)
                        || group.Last.Process(message, BenchGroup.Now) is not Received.Application { Data.Length: var length } || length != payloadBytes)
                        throw new InvalidOperationException("A message of our own is not opened.");
                    return new Outcome(sealedMessage, group.Last.TakeWrites());
                });
            },
            protect, unprotect);
    }

    private void MeasureCommit(BenchGroup group, int leaves, string shape)
    {
        MlsHarness.Probe commit = _harness.Operation("commit", leaves, shape);
        MlsHarness.Probe process = _harness.Operation("process", leaves, shape);
        MlsHarness.Probe neighbour = _harness.Operation("process_neighbour", leaves, shape);
        bool hasNeighbour = group.Neighbour != group.Last;
        _harness.Measure(
            () =>
            {
                ReadOnlyMemory<byte> sent = commit.Run(() =>
                {
                    ReadOnlyMemory<byte> message = group.First.Commit(new CommitOptions(), BenchGroup.Now).Message;
                    group.First.MergePendingCommit();
                    return new Outcome(message, group.First.TakeWrites());
                });
                process.Run(() => Process(group.Last, sent));
                if (hasNeighbour)
                    neighbour.Run(() => Process(group.Neighbour, sent));
            },
            hasNeighbour ? [commit, process, neighbour] : [commit, process]);
    }

    /// <summary>One more member is added, and joins; the Commit is dropped, so that the group stays as large as it is.</summary>
    private void MeasureAddAndJoin(BenchGroup group, int leaves, string shape)
    {
        LeafIdentity identity = BenchGroup.NewIdentity(_provider, _suite);
        using KeyPackageBundle bundle = BenchGroup.NewKeyPackage(_provider, _suite, identity);
        var options = new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] };
        MlsHarness.Probe add = _harness.Operation("add", leaves, shape);
        MlsHarness.Probe join = _harness.Operation("join", leaves, shape);
        ReadOnlyMemory<byte> welcome = default;
        _harness.Measure(
            () =>
            {
                add.Run(() =>
                {
                    PendingCommit pending = group.First.Commit(options, BenchGroup.Now);
                    welcome = pending.Welcome!.Value;
                    return new Outcome(pending.Message, group.First.TakeWrites());
                });
                group.First.ClearPendingCommit();
                group.First.TakeWrites();
                join.Run(() =>
                {
                    using StagedWelcome staged = StagedWelcome.Stage(group.Config, identity, BenchGroup.Decode(welcome).Message, bundle);
                    using Group joined = staged.Join();
                    return new Outcome(welcome, joined.TakeWrites());
                });
            },
            add, join);
    }

    private static Outcome Process(Group group, ReadOnlyMemory<byte> commit)
    {
        BenchGroup.Process(group, commit);
        return new Outcome(commit, group.TakeWrites());
    }
}
