using System.Text;
using Parley.Mls.Components;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Components;
using Parley.Mls.Tests.Crypto;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tests.Tree;

namespace Parley.Mls.Tests.Model;

/// <summary>
/// Clients and a Delivery Service on one thread, by seed: each does something at random, in its own epoch and at its own pace. Commits
/// race, messages come late, twice or never, clients restart between any two steps, are removed, and come back. Beside them stands what
/// must come out: which Commit won, who is a member, what the tree is, who can read what.
/// </summary>
internal sealed partial class Simulation : IDisposable
{
    private const int AttackersMax = 4;
    private const int HistoryMax = 40;
    private const ComponentId Ledger = (ComponentId)0x8001;
    private const ComponentId Note = (ComponentId)0x8002;

    private static readonly byte[] SharedPsk = [.. "a key that all know"u8];

    private static readonly Capabilities Capable = World.DefaultCapabilities with
    {
        Extensions = [ExtensionType.AppDataDictionary],
        Proposals = [ProposalType.AppDataUpdate, ProposalType.AppEphemeral, ProposalType.SelfRemove],
    };

    private readonly Random _random;
    private readonly Settings _settings;
    private readonly World _world;
    private readonly DeliveryService _log = new();
    private readonly List<Peer> _peers = [];
    private readonly List<Epoch> _epochs = [];
    private readonly Dictionary<LeafIndex, Peer> _leaves = [];
    private readonly List<Attacker> _attackers = [];
    private readonly List<Attacker.Evidence> _history = [];
    private readonly TreeOracle _oracle;
    private readonly Peer _server;
    private readonly AppDataOracle _appData = new();
    private readonly Dictionary<string, Peer> _owners = [];
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private int _letters;

    public Simulation(int seed, Settings settings)
    {
        _random = new Random(seed);
        _settings = settings;
        _world = new World(settings.Suite, new SeededRandomSource(seed))
        {
            Capabilities = Capable,
            HandshakeFormat = seed % 3 == 0 ? WireFormat.PublicMessage : WireFormat.PrivateMessage,
            PastEpochsMax = seed % 4,
            Restarts = seed % 5 == 0,
            ThreadsMax = settings.WatchesSecrets ? 1 : 2, // A recorder is for one thread.
            StoresKeepDeleted = settings.Fault == Fault.KeepsDeleted,
            Components =
            {
                [Ledger] = settings.Fault == Fault.WrongAppData ? new ForgetfulLedger() : new Ledger(),
                [Note] = new ReplacedData(),
                [ComponentId.AppAck] = new AppAckComponent(),
            },
        };
        _world.Psks.Add("shared"u8, SharedPsk);
        _server = new Peer(_world.NewClient("server"));
        Peer creator = NewPeer();
        creator.Client.Create(ServerAsSender());
        creator.IsActive = true;
        _leaves.Add(default, creator);
        _oracle = new TreeOracle(_world.Suite, creator.Group.Members.Single().Leaf) { IgnoresUpdates = settings.Fault == Fault.WrongTree };
        _epochs.Add(new Epoch([creator], creator.Group.Context, creator.Group.EpochAuthenticator, _oracle.TreeHash, _appData.Entries));
        Check(creator);
    }

    /// <summary>How many epochs there were.</summary>
    public int EpochCount => _epochs.Count;

    /// <summary>What was done how often, as far as it had an effect: each type of proposal that was committed, and the ways in and on.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    /// <summary>All that all clients have stored: what a run with the same seed must lead to again.</summary>
    public byte[] Fingerprint =>
        System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', _peers.Select(static peer => peer.Client.Store.ToString()))));

    /// <summary>The clients that are watched for secrets that should be gone.</summary>
    public IEnumerable<Client> Watched => _peers.Select(static peer => peer.Client).Where(static client => client.Watch is not null);

    public override string ToString() =>
        $"{_epochs.Count} epochs, at most {_epochs.Max(static epoch => epoch.Members.Count)} members, {_peers.Count} clients, {_letters} application messages; "
        + string.Join(", ", _counts.Select(static count => $"{count.Key} {count.Value}"));

    /// <summary>One run, with the seed and the step in whatever goes wrong.</summary>
    public static Simulation Run(int seed, Settings settings)
    {
        int step = -1;
        Simulation? simulation = null;
        try
        {
            simulation = new Simulation(seed, settings);
            for (step = 0; step < settings.Steps; step++)
                simulation.Step();
            simulation.Settle();
            return simulation;
        }
        catch (Exception failed)
        {
            simulation?.Dispose();
            throw new SimulationFailedException($"Seed {seed}, {settings}, step {step}: {failed.Message}", failed);
        }
    }

    public void Dispose()
    {
        _attackers.ForEach(static attacker => attacker.Dispose());
        _world.Dispose();
    }

    private void Step()
    {
        switch (_random.Next(100))
        {
            case < 20:
                CatchUp(AnyOne(), 1 + _random.Next(3));
                break;
            case < 32:
                Write(AnyOne());
                break;
            case < 50:
                ReadLetter(AnyOne());
                break;
            case < 64:
                MakeCommit(AnyOne());
                break;
            case < 66:
                CommitFromOutside(AnyOf(_peers));
                break;
            case < 68:
                ProposeItself(AnyOf(_peers));
                break;
            case < 69:
                ProposeAsServer();
                break;
            case < 82:
                Send(AnyOf([.. _peers.Where(static peer => peer.Outbox.Count > 0).DefaultIfEmpty(_peers[0])]));
                break;
            case < 89:
                Propose(AnyOne());
                break;
            case < 94:
                Restart(AnyOne());
                break;
            case < 95:
                Clear(AnyOne());
                break;
            case < 96:
                Branch(AnyOne());
                break;
            default:
                ReadAgain(AnyOne());
                break;
        }
    }

    /// <summary>Mostly a member, now and then one who is none any more or does not know it yet.</summary>
    private Peer AnyOne() => AnyOf(Chance(90) ? _epochs[^1].Members : _peers);

    /// <summary>In the end everything arrives, all members are in one epoch, and all talk.</summary>
    private void Settle()
    {
        _peers.ForEach(peer => CatchUp(peer, int.MaxValue));
        foreach (Peer peer in _epochs[^1].Members)
        {
            peer.Outbox.Clear();
            peer.Client.Clear();
        }

        while (_epochs[^1].Members.Find(static peer => peer.Group.MustCommitFirst) is { } committer)
        {
            SendCommit(committer, new CommitOptions());
            _peers.ForEach(peer => CatchUp(peer, int.MaxValue));
        }

        foreach (Peer peer in _epochs[^1].Members)
        {
            Require(peer.IsActive && peer.Group.Epoch == _log.Epoch, $"{peer} is not where the log is");
            Soundness.Assert(peer.Client);
            Write(peer);
        }

        foreach (Peer peer in _epochs[^1].Members)
        {
            while (peer.Letters.Count > 0)
                ReadLetter(peer);
        }

        if (_settings.EndsInReInit)
            ReInit();
    }

    private Peer NewPeer()
    {
        var peer = new Peer(_world.NewClient());
        string? tampered = _settings.Fault switch
        {
            Fault.WrongExporter => "exporter",
            Fault.WrongSafeExporter => "application_export",
            Fault.WrongAuthenticator => "authentication",
            _ => null,
        };
        if (tampered is not null && _peers.Count == 2)
            peer.Client.Config = _world.ConfigWith(new TamperingCryptoProvider(_world.Suite.Provider, tampered));
        if (_settings.WatchesSecrets && _peers.Count < 3)
            peer.Client.Observe(SharedPsk);
        _peers.Add(peer);
        Owns(peer, peer.Client.Identity);
        return peer;
    }

    private void Owns(Peer peer, LeafIdentity identity) => _owners.Add(Convert.ToHexString(identity.Signer.PublicKey.Span), peer);

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    private T AnyOf<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private bool Chance(int percent) => _random.Next(100) < percent;

    private static MlsMessage Decode(ReadOnlySpan<byte> message)
    {
        Require(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _), "a message does not decode");
        return decoded!;
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}

/// <summary>A run of the model went wrong.</summary>
internal sealed class SimulationFailedException(string message, Exception inner) : Exception(message, inner);
