using System.Collections.Immutable;
using CsCheck;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Crypto;
using Parley.Mls.Tests.Memory;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// Whatever fails, fails without a trace: in a random state of a group, something that must be refused is tried, and after it the group
/// is what it was, in its store, in what it shows, and in every field it has; and goes on with the next honest message exactly as one
/// that never saw the bad one.
/// </summary>
public sealed class FailureTests(ITestOutputHelper output)
{
    [Fact]
    public void What_fails_leaves_the_group_byte_for_byte_as_it_was()
    {
        int refused = 0;
        int tried = 0;
        Gen.Int[0, int.MaxValue - 1].Sample(
            seed =>
            {
                using var attempt = new Attempt(seed);
                Interlocked.Increment(ref tried);
                if (attempt.IsRefusedWithoutTrace())
                    Interlocked.Increment(ref refused);
            },
            iter: 150,
            threads: 1,
            print: static seed => $"attempt {seed}");
        output.WriteLine($"{refused} of {tried} were refused.");
        Assert.True(refused > tried / 2, $"Only {refused} of {tried} attempts were refused.");
    }

    [Fact]
    public void A_trace_would_be_found()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        byte[] message = world[0].Send("text");
        string store = world[1].Store.ToString();
        string image = StateImage.Of(world[1].Group);

        // A ratchet that moved and was not stored shows in the image alone.
        Forge.SealRaw(world[1], ContentType.Application, [0, 0]);
        Assert.NotEqual(image, StateImage.Of(world[1].Group));
        world[1].Group.TakeWrites();
        Assert.Equal(store, world[1].Store.ToString());

        image = StateImage.Of(world[2].Group);
        world[2].Refuses(MlsError.GenerationTooFarAhead, Forge.SealRaw(world[1], ContentType.Application, [0, 0], generation: 5000));
        Assert.Equal(image, StateImage.Of(world[2].Group));
        world[2].Read(message);
        Assert.NotEqual(image, StateImage.Of(world[2].Group));
    }

    /// <summary>One group in a random state, with one thing to try on it.</summary>
    private sealed class Attempt : IDisposable
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly World _world;
        private readonly Client _victim;
        private readonly Client _other;
        private readonly List<byte[]> _seen = [];

        public Attempt(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _world = new World(World.DefaultSuite, new SeededRandomSource(seed))
            {
                HandshakeFormat = seed % 2 == 0 ? WireFormat.PublicMessage : WireFormat.PrivateMessage,
                PastEpochsMax = 2,
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
                switch (_random.Next(4))
                {
                    case 0:
                        _world.Commit(sender);
                        break;
                    case 1:
                        _world.Propose(sender.Propose(static group => group.ProposeUpdate()));
                        break;
                    case 2:
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

        private Action? NextBad(out string name)
        {
            (string Name, Func<Action?> Make)[] all =
            [
                ("a bit that is wrong in an application message", () => ProcessFlipped(Message(_other, static group => group.Protect("text"u8)))),
                ("a bit that is wrong in a proposal", () => ProcessFlipped(Message(_other, static group => group.ProposeUpdate()))),
                ("a bit that is wrong in a Commit", () => ProcessFlipped(HonestCommit())),
                ("a message that comes again or too late", Repeat),
                ("a proposal with a change, signed again", ForgedProposal),
                ("a Commit with a change, signed again", ForgedCommit),
                ("a Commit that cannot be made", BadCommit),
                ("a proposal that cannot be made", BadProposal),
                ("a Commit merged that may not be", BadMerge),
                ("our own message", () => Process(Message(_victim, static group => group.Protect("text"u8)))),
                ("a message of another kind", OtherKind),
                ("application data before the proposals", () => _victim.Group.MustCommitFirst ? () => _victim.Group.Protect("text"u8) : null),
            ];
            (name, Func<Action?> make) = all[_random.Next(all.Length)];
            return make();
        }

        private Action? Process(byte[]? message) =>
            message is not null && MlsMessage.TryDecode(message, out MlsMessage? decoded, out _) ? () => _victim.Group.Process(decoded, World.Now) : null;

        private Action? ProcessFlipped(byte[]? message) => message is null ? null : Process(Flip(message));

        private byte[] Flip(byte[] bytes)
        {
            byte[] flipped = [.. bytes];
            flipped[_random.Next(flipped.Length)] ^= (byte)(1 << _random.Next(8));
            return flipped;
        }

        private static byte[]? Message(Client client, Func<Group, byte[]> make)
        {
            if (client.Group.MustCommitFirst)
                return null;
            byte[] message = make(client.Group);
            client.Save();
            return message;
        }

        private byte[] HonestCommit()
        {
            byte[] commit = _other.Commit(new CommitOptions { Proposals = Some(), IncludesReceivedProposals = _random.Next(2) == 0 }).Message.ToArray();
            _other.Clear();
            return commit;
        }

        private ImmutableArray<Proposal> Some() => _random.Next(4) switch
        {
            0 => [World.AddOf(_world.NewClient())],
            1 => [new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), new byte[_world.Suite.HashBytes]))],
            2 => [World.RemoveOf(_world.Members.Find(member => member != _other && member != _victim)!)],
            _ => [],
        };

        private Action? Repeat() => _seen.Count == 0 ? null : Process(_seen[_random.Next(_seen.Count)]);

        private Action? ForgedProposal()
        {
            Proposal honest = _random.Next(3) switch
            {
                0 => new Proposal.Update(Forge.UpdateLeaf(_other)),
                1 => World.AddOf(_world.NewClient()),
                _ => new Proposal.GroupContextExtensions([new Extension(ExtensionType.RequiredCapabilities, new RequiredCapabilities([], [], []).Encode())]),
            };
            return Tls.TryDecode(Flip(honest.Encode()), out Proposal? changed, out _) ? Process(Forged(new Content.ProposalContent(changed))) : null;
        }

        private Action? ForgedCommit()
        {
            Commit honest = Forge.HonestCommit(_other, [.. Some()]);
            return Tls.TryDecode(Flip(honest.Encode()), out Commit? changed, out _) ? Process(Forged(new Content.CommitContent(changed))) : null;
        }

        private byte[] Forged(Content content)
        {
            WireFormat format = _random.Next(2) == 0 ? WireFormat.PublicMessage : WireFormat.PrivateMessage;
            MlsMessage message = Forge.Seal(_other, Forge.Sign(_other, content, format));
            _other.Save();
            return message.Encode<MlsMessage>();
        }

        private Action BadCommit()
        {
            Proposal[] bad = _random.Next(7) switch
            {
                0 => [World.RemoveOf(_victim)],
                1 => [new Proposal.Remove(new LeafIndex(77))],
                2 => [new Proposal.PreSharedKey(new PreSharedKeyId.External("unknown"u8.ToArray(), new byte[_world.Suite.HashBytes]))],
                3 => [World.AddOf(_other)],
                4 => [new Proposal.GroupContextExtensions([new Extension(ExtensionType.RatchetTree, default)])],
                5 => [World.AddOf(_world.NewClient()), Unencryptable()],
                _ => [new Proposal.ReInit("next"u8.ToArray(), Messages.ProtocolVersion.Mls10, World.DefaultSuite, []), World.RemoveOf(_other)],
            };
            return () => _victim.Group.Commit(new CommitOptions { Proposals = bad, IncludesReceivedProposals = _random.Next(2) == 0 }, World.Now);
        }

        /// <summary>A KeyPackage whose init key nobody can encrypt to, signed by its owner.</summary>
        private Proposal.Add Unencryptable() =>
            new(Forge.KeyPackage(_world.NewClient(), change: static keyPackage => keyPackage with { InitKey = new byte[32] }));

        private Action BadProposal()
        {
            KeyPackage changed = Forge.KeyPackage(_world.NewClient(), change: static keyPackage => keyPackage with { InitKey = keyPackage.LeafNode.EncryptionKey });
            return _random.Next(3) switch
            {
                0 => () => _victim.Group.ProposeAdd(changed, World.Now),
                1 => () => _victim.Group.ProposeAdd(_world.NewClient().NewKeyPackage().KeyPackage, World.Now.AddYears(1)),
                _ => () => _victim.Group.ProposeRemove(new LeafIndex(77)),
            };
        }

        private Action BadMerge()
        {
            Assert.True(MlsMessage.TryDecode(HonestCommit(), out MlsMessage? commit, out _));
            Client third = _world.Members.Find(member => member != _other && member != _victim)!;
            StagedCommit staged = ((Received.Commit)third.Group.Process(commit, World.Now)).Staged;
            third.Group.TakeWrites();
            third.Restart(); // It goes on as if it had not seen the Commit.
            if (_random.Next(2) == 0)
                staged.Dispose();
            return _random.Next(3) == 0 && _victim.Group.Pending is null ? () => _victim.Group.MergePendingCommit() : () => _victim.Group.Merge(staged);
        }

        private Action? OtherKind() => _random.Next(3) switch
        {
            0 => Process(_other.Group.CreateGroupInfo(true)),
            1 => Process(new MlsMessage.KeyPackage(_world.NewClient().NewKeyPackage().KeyPackage).Encode<MlsMessage>()),
            _ => Process(Welcome()),
        };

        private byte[] Welcome()
        {
            byte[] welcome = _other.Commit(new CommitOptions { Proposals = [World.AddOf(_world.NewClient())], IncludesReceivedProposals = false }).Welcome!.Value.ToArray();
            _other.Clear();
            return welcome;
        }
    }
}
