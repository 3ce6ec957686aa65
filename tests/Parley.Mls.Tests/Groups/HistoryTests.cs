using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// Random histories of a group: adds, removes, updates, Commits with and without a path, Commits at the same time of which one wins, lost
/// and late messages, external joins, restarts from storage. After each epoch all members agree and hold the right keys; who was removed
/// reads nothing later, who joined nothing earlier.
/// </summary>
public sealed class HistoryTests
{
    private const int MembersMax = 20;
    private const int Steps = 30;

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    [InlineData(104)]
    [InlineData(105)]
    [InlineData(106)]
    public void A_random_history_keeps_all_members_together(int seed)
    {
        using World world = new World(World.DefaultSuite)
        {
            HandshakeFormat = seed % 2 == 0 ? WireFormat.PublicMessage : WireFormat.PrivateMessage,
            Restarts = seed % 3 == 0,
        }.WithMembers(3);
        var history = new History(world, new Random(seed));
        for (int step = 0; step < Steps; step++)
        {
            try
            {
                history.Step();
            }
            catch (Exception failed)
            {
                throw new InvalidOperationException($"Seed {seed}, step {step}.", failed);
            }
        }

        world.AssertTalk();
    }

    private sealed class History(World world, Random random)
    {
        private readonly List<(ulong Epoch, byte[] Message, Client Sender)> _late = [];
        private readonly List<Client> _removed = [];

        public void Step()
        {
            if (random.Next(3) == 0)
                Any().Restart();
            if (random.Next(2) == 0)
                ProposeSome();
            byte[]? late = world[0].Group.MustCommitFirst ? null : SendLate();
            Client committer = Any();
            if (random.Next(4) == 0)
                Other(committer).Commit(new CommitOptions { ForcesPath = random.Next(2) == 0 });
            CommitOptions options = Options(committer);
            Client[] before = [.. world.Members];
            world.Commit(committer, options);
            foreach (Client member in world.Members)
            {
                member.Clear();
                Soundness.Assert(member);
            }

            Client[] joined = [.. world.Members.Except(before)];
            _removed.AddRange(before.Except(world.Members));
            ReadLate(late, joined);
            AssertRemovedReadNothing();
        }

        private Client Any() => world[random.Next(world.Members.Count)];

        private Client Other(Client than)
        {
            Client other = Any();
            return other == than ? world.Members.Find(member => member != than) ?? than : other;
        }

        private void ProposeSome()
        {
            foreach (Client member in world.Members.ToArray())
            {
                if (random.Next(6) == 0)
                    world.Propose(member.Propose(static group => group.ProposeUpdate()));
            }

            if (random.Next(3) == 0 && world.Members.Count > 4)
                world.Propose(Any().Propose(group => group.ProposeRemove(Any().Index)));
            if (random.Next(3) == 0 && world.Members.Count < MembersMax)
                world.Propose(Any().Propose(group => group.ProposeAdd(world.NewClient().NewKeyPackage().KeyPackage, World.Now)));
        }

        private CommitOptions Options(Client committer)
        {
            var proposals = new List<Proposal>();
            int adds = world.Members.Count < MembersMax - 4 ? random.Next(4) : 0;
            for (int i = 0; i < adds; i++)
                proposals.Add(World.AddOf(_removed.Count > 0 && random.Next(2) == 0 ? Again() : world.NewClient()));
            int removes = world.Members.Count > 5 ? random.Next(4) : 0;
            for (int i = 0; i < removes; i++)
            {
                Client removed = Any();
                if (removed != committer && !proposals.Exists(p => p is Proposal.Remove remove && remove.Removed == removed.Index))
                    proposals.Add(World.RemoveOf(removed));
            }

            return new CommitOptions
            {
                Proposals = proposals,
                ForcesPath = random.Next(3) > 0,
                IncludesReceivedProposals = random.Next(4) > 0,
                WelcomeHasRatchetTree = random.Next(2) == 0,
            };
        }

        /// <summary>One who was removed before.</summary>
        private Client Again()
        {
            Client again = _removed[random.Next(_removed.Count)];
            _removed.Remove(again);
            return again;
        }

        /// <summary>A message that some read only in the next epoch.</summary>
        private byte[]? SendLate()
        {
            Client sender = Any();
            if (sender.Group.MustCommitFirst)
                return null;
            byte[] message = sender.Send("late");
            _late.Add((sender.Group.Epoch, message, sender));
            return message;
        }

        private void ReadLate(byte[]? late, Client[] joined)
        {
            if (late is null)
                return;
            (_, _, Client sender) = _late[^1];
            foreach (Client member in world.Members)
            {
                if (joined.Contains(member))
                    member.Refuses(MlsError.EpochExpired, late);
                else if (member != sender && random.Next(3) > 0)
                    Assert.Equal("late", member.Read(late));
            }
        }

        private void AssertRemovedReadNothing()
        {
            Client sender = Any();
            byte[] message = sender.Send("for members");
            Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
            foreach (Client removed in _removed)
                Assert.Equal(MlsError.RemovedFromGroup, Assert.Throws<MlsException>(() => removed.Group.Process(decoded, World.Now)).Error);
            foreach (Client member in world.Members)
            {
                if (member != sender && random.Next(2) == 0)
                    Assert.Equal("for members", member.Read(message));
            }
        }
    }
}
