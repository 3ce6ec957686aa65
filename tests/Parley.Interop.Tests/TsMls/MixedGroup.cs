using System.Numerics;
using System.Text;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>
/// One group of members of both kinds and a Delivery Service that hands each message to all. What happens in an epoch is drawn from a
/// seed: proposals by reference and by value, who commits and who loses the race, who joins by a Welcome with the tree inside or beside it,
/// who from outside, who speaks.
/// </summary>
internal sealed partial class MixedGroup : IDisposable
{
    private readonly TsPeer _peer;
    private readonly CipherSuite _suite;
    private readonly WireFormat _handshakeFormat;
    private readonly int _membersMax;
    private readonly Random _random;
    private readonly List<MixedMember> _members = [];
    private readonly List<ParleyMember> _ours = [];
    private readonly Dictionary<MixedMember, uint> _leaves = [];
    private readonly HashSet<uint> _leftOut = [];
    private readonly int[] _addedByReference = new int[2];
    private int _clientCount;
    private int _insideCount;
    private int _outsideCount;

    public MixedGroup(TsPeer peer, CipherSuite suite, WireFormat handshakeFormat, int membersMax, int seed)
    {
        _peer = peer;
        _suite = suite;
        _handshakeFormat = handshakeFormat;
        _membersMax = membersMax;
        _random = new Random(seed);
        MixedMember creator = NewClient(isOurs: _random.Next(2) == 0);
        creator.Create("mixed"u8.ToArray());
        _members.Add(creator);
        _leaves.Add(creator, 0);
        MixedMember other = NewClient(isOurs: creator is TsMember);
        Commit(creator, new Epoch(this, creator) { ByValue = { new Change.Add(other.NewKeyPackage()) }, Joiners = { other } });
    }

    public Tally Tally { get; } = new();

    public void PlayEpoch()
    {
        MixedMember[] present = [.. _members];
        MixedMember speaker = Pick(_ => true)!; // A group is never empty.
        byte[] late = speaker.Protect("late"u8.ToArray());
        MixedMember? renewed = null;
        if (_random.Next(4) == 0)
            renewed = JoinFromOutside();
        else
            CommitFromInside();
        foreach (MixedMember member in present.Where(member => member != speaker && member != renewed && _members.Contains(member)))
            Assert.Equal("late"u8.ToArray(), member.Unprotect(late));
        Talk();
    }

    public void Dispose() => _ours.ForEach(static member => member.Dispose());

    private void CommitFromInside()
    {
        bool isOurs = _insideCount++ % 2 == 0;
        MixedMember committer = Pick(member => member is ParleyMember == isOurs)!; // There are always members of both kinds.
        var epoch = new Epoch(this, committer);
        if (_random.Next(4) == 0)
            epoch.EmptyLeftHalf();
        for (int i = _random.Next(4); i > 0; i--)
            Propose(epoch, Pick(_ => true)!); // A group is never empty.
        for (int i = _random.Next(3); i > 0; i--)
        {
            if (epoch.Draw(committer, isByReference: false) is { } change)
                epoch.ByValue.Add(change);
        }

        epoch.ByValue.AddRange(_leftOut.Select(epoch.Remove)); // Nobody else removes them: they are no members.
        Commit(committer, epoch);
    }

    private void Propose(Epoch epoch, MixedMember proposer)
    {
        if (epoch.Draw(proposer, isByReference: true) is not { } change)
            return;
        epoch.ByReference.Add(change);
        MixedMember? newcomer = change is Change.Add ? Newcomer(epoch.Joiners[^1]) : null;
        byte[] message = newcomer?.ProposeItself(proposer.Invite().GroupInfo) ?? proposer.Propose(change);
        if (newcomer is not null)
            Tally.ProposedItself(newcomer);
        foreach (MixedMember member in _members.Where(member => newcomer is not null || member != proposer || !member.KeepsOwnProposals))
            Assert.Null(member.TryProcess(message));
    }

    /// <summary>The client, if it is to propose itself: every other of its kind, beginning with the first, so that a short history has both.</summary>
    private MixedMember? Newcomer(MixedMember client)
    {
        ref int count = ref _addedByReference[client is ParleyMember ? 0 : 1];
        return count++ % 2 == 0 ? client : null;
    }

    private void Commit(MixedMember committer, Epoch epoch)
    {
        bool forcesPath = _random.Next(2) == 0;
        bool treeInside = _random.Next(2) == 0;
        if (epoch.HasPath(committer is ParleyMember && forcesPath) && epoch.TsMlsDerivesOnToRoot)
        {
            // The excluded shape. One more member, at the leftmost blank leaf, and the left half is not blank.
            epoch.ByValue.Add(epoch.Add());
            Tally.ShapesAvoided++;
        }

        MadeCommit made = committer.Commit(new CommitOrder(epoch.ByValue, forcesPath, treeInside));
        LoseRace(epoch);
        committer.Merge();
        Tally.Count(committer, epoch);
        RatchetTreeExtension tree = Decoded(made.RatchetTree);
        foreach (MixedMember member in _members.Where(member => member != committer).ToArray())
            Follow(member, made.Message, tree, epoch.Removed);
        _leftOut.Clear();
        Assert.Equal(epoch.Joiners.Count > 0, made.Welcome is not null);
        epoch.Joiners.ForEach(joiner => Join(joiner, made, tree, treeInside));
        AssertAgreement();
    }

    // RFC 9420 §14: another commits to the same proposals and is too late. It follows the one who was first.
    private void LoseRace(Epoch epoch)
    {
        if (_random.Next(3) != 0 || Pick(member => !epoch.Touched.Contains(_leaves[member])) is not { } loser)
            return;
        loser.Commit(new CommitOrder([], ForcesPath: true, TreeInside: false));
        Tally.Lost(loser);
    }

    private void Follow(MixedMember member, byte[] commit, RatchetTreeExtension tree, IEnumerable<uint> removed)
    {
        string? refusal = member.TryProcess(commit);
        uint leaf = _leaves[member];
        if (!removed.Contains(leaf))
        {
            Assert.Null(refusal);
            return;
        }

        bool isReplaced = 2 * (int)leaf < tree.Nodes.Length && tree.Nodes[2 * (int)leaf] is not null;
        if (member is TsMember && isReplaced)
        {
            Assert.EndsWith(TsDepartures.RemovalRefusal, refusal, StringComparison.Ordinal);
            Tally.RemovalsUnseen++;
        }
        else
        {
            Assert.Null(refusal);
            Assert.True(member.Status.IsRemoved);
        }

        _leaves.Remove(member);
        _members.Remove(member);
    }

    private void AssertAgreement()
    {
        MemberStatus[] all = [.. _members.Select(static member => member.Status)];
        foreach (MemberStatus status in all)
        {
            Assert.False(status.IsRemoved);
            Assert.Equal(all[0] with { Leaf = status.Leaf }, status);
        }

        Assert.Equal(_members.Select(member => _leaves[member]), all.Select(static status => status.Leaf));
    }

    private void Talk()
    {
        for (int i = 0; i < 2; i++)
        {
            MixedMember sender = Pick(_ => true)!; // A group is never empty.
            byte[] data = Encoding.UTF8.GetBytes($"from {sender.Name}");
            byte[] message = sender.Protect(data);
            foreach (MixedMember member in _members.Where(member => member != sender))
                Assert.Equal(data, member.Unprotect(message));
        }
    }

    private MixedMember NewClient(bool isOurs)
    {
        string name = $"{(isOurs ? "parley" : "ts-mls")} {_clientCount++}";
        if (!isOurs)
            return new TsMember(_peer, name, _suite, _handshakeFormat);
        var ours = new ParleyMember(name, _suite, _handshakeFormat);
        _ours.Add(ours);
        return ours;
    }

    private MixedMember? Pick(Func<MixedMember, bool> condition)
    {
        MixedMember[] candidates = [.. _members.Where(condition)];
        return candidates.Length == 0 ? null : candidates[_random.Next(candidates.Length)];
    }

    private Change.Psk NewPsk() => new(RandomBytes(HashBytes(_suite)));

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static int HashBytes(CipherSuite suite) => suite switch
    {
        <= CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519 => 32,
        CipherSuite.P384Aes256GcmSha384P384 => 48,
        _ => 64,
    };

    /// <summary>What is proposed in one epoch. A leaf is changed once, the committer's not at all, and both kinds stay in the group.</summary>
    internal sealed class Epoch(MixedGroup group, MixedMember committer)
    {
        public List<Change> ByReference { get; } = [];

        public List<Change> ByValue { get; } = [];

        public List<MixedMember> Joiners { get; } = [];

        public HashSet<uint> Touched { get; } = [group._leaves[committer]];

        public bool TsMlsDerivesOnToRoot => TsDepartures.DerivesOnToRoot(group._leaves.Values.Concat(group._leftOut), Removed, Joiners.Count);

        public IEnumerable<uint> Removed => All.OfType<Change.Remove>().Select(static remove => remove.Leaf);

        private IEnumerable<Change> All => [.. ByReference, .. ByValue];

        // RFC 9420 §12.4: no path is needed for Adds and PSKs.
        public bool HasPath(bool isForced) => isForced || !All.Any() || All.Any(static change => change is Change.Remove or Change.Update or Change.Extension);

        /// <summary>A change that the member may propose, or null if what was drawn is not possible now.</summary>
        public Change? Draw(MixedMember proposer, bool isByReference)
        {
            switch (group._random.Next(8))
            {
                case 0 or 1 when group._members.Count + Joiners.Count < group._membersMax:
                    return Add();
                case 2 or 3 when isByReference && Touched.Add(group._leaves[proposer]):
                    return new Change.Update();
                case 4 when Removable() is { } member:
                    return Remove(group._leaves[member]);
                case 5 or 6:
                    return group.NewPsk();
                case 7 when committer is ParleyMember && !All.Any(static change => change is Change.Extension):
                    return new Change.Extension(group.RandomBytes(20));
                default:
                    return null;
            }
        }

        /// <summary>Removes all members in the left half of the tree, if both kinds are in the right half and the committer is there.</summary>
        public void EmptyLeftHalf()
        {
            uint half = BitOperations.RoundUpToPowerOf2(group._leaves.Values.Max() + 1) / 2;
            bool staysMixed = group._leaves.Where(pair => pair.Value >= half).Select(static pair => pair.Key.GetType()).Distinct().Count() == 2;
            if (staysMixed && group._leaves[committer] >= half)
                ByValue.AddRange(group._leaves.Values.Where(leaf => leaf < half).Select(Remove));
        }

        public Change Add()
        {
            MixedMember client = group.NewClient(isOurs: group._random.Next(2) == 0);
            Joiners.Add(client);
            return new Change.Add(client.NewKeyPackage());
        }

        public Change Remove(uint leaf)
        {
            Touched.Add(leaf);
            return new Change.Remove(leaf);
        }

        private MixedMember? Removable() => group.Pick(candidate => !Touched.Contains(group._leaves[candidate])
            && group._members.Any(other => other.GetType() == candidate.GetType() && other != candidate && !Touched.Contains(group._leaves[other])));
    }
}
