using Parley.Mls.Groups;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Tests.Components;
using Parley.Mls.Tests.Crypto;
using Parley.Mls.Tests.Fuzzing;
using Parley.Mls.Tests.Memory;

namespace Parley.Mls.Tests.Groups;

/// <summary>One group in a random state, with one thing to try on it.</summary>
internal sealed partial class FailureAttempt : IDisposable
{
    private const ComponentId Component = (ComponentId)0x8001;

    private readonly int _seed;
    private readonly Random _random;
    private readonly World _world;
    private readonly Client _victim;
    private readonly Client _other;
    private readonly List<byte[]> _seen = [];

    public FailureAttempt(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        _world = new World(World.DefaultSuite, new SeededRandomSource(seed))
        {
            HandshakeFormat = seed % 2 == 0 ? WireFormat.PublicMessage : WireFormat.PrivateMessage,
            PastEpochsMax = 2,
            Capabilities = FuzzGroup.Capabilities,
            Components = { [Component] = new Ledger() },
        }.WithMembers(3 + _random.Next(5));
        _world.Psks.Add("id"u8, "shared"u8);
        _victim = _world[_random.Next(_world.Members.Count)];
        _other = _world.Members.Find(member => member != _victim)!; // There are three at least.
        Live();
    }

    public bool IsRefusedWithoutTrace()
    {
        Action? bad = NextBad(out string name);
        if (bad is null)
            return false;
        string store = _victim.Store.ToString();
        byte[] authenticator = _victim.Group.EpochAuthenticator;
        string image = StateImage.Of(_victim.Group);
        try
        {
            bad();
            return false; // Harmless after all: a change that makes another valid proposal, say.
        }
        catch (Exception refused) when (refused is MlsException or InvalidOperationException or ArgumentException)
        {
            // As it should be.
        }

        string where = $"{name}, attempt {_seed}";
        Assert.True(_victim.Group.TakeWrites().Count == 0, $"something to write after {where}");
        Same(image, StateImage.Of(_victim.Group), where);
        Assert.Equal(authenticator, _victim.Group.EpochAuthenticator);
        GoOn(where);
        Assert.NotEqual(store, _victim.Store.ToString());
        return true;
    }

    public void Dispose() => _world.Dispose();

    /// <summary>The next honest message, for the group and for one restored from its store, which has seen nothing bad.</summary>
    private void GoOn(string where)
    {
        using Group restored = Group.Restore(_world.Config, _victim.Identity, _victim.Store.Entries);
        var store = new GroupStore();
        store.Apply([.. _victim.Store.Entries.Select(static entry => new Storage.StateWrite(entry.Key, entry.Value))]);
        _other.Clear();
        Assert.True(MlsMessage.TryDecode(_other.Commit().Message.Span, out MlsMessage? honest, out _));
        foreach (Group group in (Group[])[restored, _victim.Group])
            group.Merge(Assert.IsType<Received.Commit>(group.Process(honest, World.Now)).Staged);
        store.Apply(restored.TakeWrites());
        _victim.Save();
        Assert.True(store.ToString() == _victim.Store.ToString(), $"another state than without {where}");
    }

    private static void Same(string before, string after, string where)
    {
        if (before == after)
            return;
        string[] lines = before.Split('\n');
        string[] others = after.Split('\n');
        int i = 0;
        while (i < lines.Length && i < others.Length && lines[i] == others[i])
            i++;
        Assert.Fail($"Changed by {where}:\n{(i < lines.Length ? lines[i] : "(nothing)")}\n{(i < others.Length ? others[i] : "(nothing)")}");
    }

    /// <summary>A few honest steps: messages read, unread and skipped, proposals that wait, epochs that have passed.</summary>
    private void Live()
    {
        for (int step = _random.Next(6); step > 0; step--)
        {
            Client sender = _world[_random.Next(_world.Members.Count)];
            switch (_random.Next(5))
            {
                case 0:
                    _world.Commit(sender);
                    break;
                case 1:
                    _world.Propose(sender.Propose(static group => group.ProposeUpdate()));
                    break;
                case 2 when sender != _victim && sender != _other && _world.Members.Count > 3:
                    _world.Propose(sender.Propose(static group => group.ProposeSelfRemove()));
                    _world.Commit(_victim);
                    break;
                case 3:
                    _world.Add(sender, 1, new CommitOptions { IncludesReceivedProposals = false });
                    break;
                default:
                    Write(sender);
                    break;
            }
        }

        if (_random.Next(3) == 0)
            _victim.Commit(new CommitOptions { IncludesReceivedProposals = false });
        if (_random.Next(3) == 0)
            _victim.Propose(static group => group.ProposeUpdate());
    }

    private void Write(Client sender)
    {
        if (sender.Group.MustCommitFirst)
            return;
        byte[] message = sender.Send("text");
        _seen.Add(message);
        if (sender != _victim && _random.Next(2) == 0)
            _victim.Read(message);
    }
}
