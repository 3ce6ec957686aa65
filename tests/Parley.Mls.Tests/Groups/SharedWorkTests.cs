using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Crypto;

namespace Parley.Mls.Tests.Groups;

/// <summary>How many threads share a large operation shows in nothing: not in a byte that is sent or stored, not in the fault that is found.</summary>
public sealed class SharedWorkTests
{
    private const int AddedCount = 80;

    [Theory]
    [InlineData(CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519)]
    [InlineData(CipherSuite.XWingChaCha20Poly1305Sha256Ed25519)]
    public void Nothing_that_is_sent_or_stored_depends_on_the_threads(CipherSuite suite)
    {
        (byte[] commit, byte[] welcome, string stored) = AddMany(suite, threads: 1);
        (byte[] sharedCommit, byte[] sharedWelcome, string sharedStored) = AddMany(suite, threads: 4);
        Assert.Equal(commit, sharedCommit);
        Assert.Equal(welcome, sharedWelcome);
        Assert.Equal(stored, sharedStored);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Of_several_faults_the_first_is_found(int threads)
    {
        using World world = new World(World.DefaultSuite) { ThreadsMax = threads }.WithMembers(1);
        KeyPackage[] keyPackages = [.. Enumerable.Range(0, AddedCount).Select(_ => world.NewClient().NewKeyPackage().KeyPackage)];
        Client owner = world.NewClient();
        KeyPackage wrongSignature = Forge.KeyPackage(owner, signer: world[0].Identity.Signer);
        KeyPackage reusedKey = Forge.KeyPackage(owner, change: static keyPackage => keyPackage with { InitKey = keyPackage.LeafNode.EncryptionKey });
        KeyPackage wrongLeaf = world.NewClient().NewKeyPackage().KeyPackage;
        wrongLeaf = wrongLeaf with { LeafNode = wrongLeaf.LeafNode with { Signature = new byte[64] } };

        world[0].CannotCommit(MlsError.KeyPackageSignatureInvalid, With((70, wrongSignature), (71, wrongLeaf)));
        world[0].CannotCommit(MlsError.LeafSignatureInvalid, With((0, wrongLeaf), (2, wrongSignature)));

        // What is seen without a signature is seen before the signatures of all.
        world[0].CannotCommit(MlsError.InitKeyReused, With((0, wrongLeaf), (70, reusedKey), (71, keyPackages[0])));
        world[0].CannotCommit(MlsError.DuplicateMember, With((0, wrongLeaf), (70, keyPackages[1]), (71, reusedKey)));
        world[0].Commit(With());
        world[0].Merge();
        Assert.Equal(AddedCount + 1, world[0].Group.MemberCount);

        CommitOptions With(params (int Place, KeyPackage KeyPackage)[] changes)
        {
            KeyPackage[] changed = [.. keyPackages];
            foreach ((int place, KeyPackage keyPackage) in changes)
                changed[place] = keyPackage;
            return new CommitOptions { Proposals = [.. changed.Select(static keyPackage => new Proposal.Add(keyPackage))] };
        }
    }

    private static (byte[] Commit, byte[] Welcome, string Stored) AddMany(CipherSuite suite, int threads)
    {
        using World world = new World(suite, new SeededRandomSource(1)) { ThreadsMax = threads };
        Capabilities capabilities = World.DefaultCapabilities with { CipherSuites = [suite] };
        Client creator = world.NewClient(capabilities: capabilities);
        creator.Create();
        world.Members.Add(creator);
        Proposal[] adds = [.. Enumerable.Range(0, AddedCount).Select(_ => World.AddOf(world.NewClient(capabilities: capabilities)))];
        PendingCommit pending = creator.Commit(new CommitOptions { Proposals = adds });
        (byte[] commit, byte[] welcome) = (pending.Message.ToArray(), pending.Welcome!.Value.ToArray()); // It adds members.
        world.Deliver(creator, commit, welcome, welcomeHasRatchetTree: true);
        return (commit, welcome, creator.Store.ToString());
    }
}
