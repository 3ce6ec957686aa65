using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Parley.Mls.Components;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Components;
using Parley.Mls.Tests.Crypto;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// The group that fuzz targets work on, the same whenever it is made: ten members, one blank leaf, two unmerged ones, an external sender,
/// a PSK, components, proposals waiting, a key skipped, a secret exported, past epochs. One member receives; everybody's signature keys are at hand.
/// </summary>
internal sealed class FuzzGroup
{
    /// <summary>What its members support.</summary>
    public static readonly Capabilities Capabilities = World.DefaultCapabilities with
    {
        Extensions = [ExtensionType.AppDataDictionary],
        Proposals = [ProposalType.AppDataUpdate, ProposalType.AppEphemeral, ProposalType.SelfRemove],
    };

    private readonly ImmutableArray<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> _entries;
    private bool _isChanged;

    public FuzzGroup()
    {
        World = new World(World.DefaultSuite, new SeededRandomSource(1))
        {
            Capabilities = Capabilities,
            Components = { [(ComponentId)0x8001] = new Ledger(), [(ComponentId)0x8002] = new ReplacedData(), [ComponentId.AppAck] = new AppAckComponent() },
            ThreadsMax = 1, // What is measured is one thread's.
        };
        World.Psks.Add("psk"u8, new byte[32]);
        Client outsider = World.NewClient("outsider");
        var senders = new ExternalSenders([new ExternalSender(outsider.Identity.Signer.PublicKey, outsider.Identity.Credential)]);
        World.WithMembers(8, new Extension(ExtensionType.ExternalSenders, senders.Encode())).Filled();
        World.Commit(World[0], World.RemoveOf(World[3]));
        World.Add(World[0], 3, new CommitOptions { ForcesPath = false });
        World[1].Send("skipped");
        Receiver = World[2];
        Receiver.Receive(World[1].Send("opened"));
        World.Propose(World[4].Propose(static group => group.ProposeUpdate()));
        World.Propose(Receiver.Propose(static group => group.ProposeUpdate()));
        Receiver.Propose(group => group.Propose(new Proposal.Add(World.NewClient().NewKeyPackage().KeyPackage), World.Now));
        Joiner = World.NewClient("joiner");
        byte[] leaving = World[8].Propose(static group => group.ProposeSelfRemove());
        Receiver.Receive(leaving);
        Leaving = ((MlsMessage.Public)Decode(leaving)).Message;
        Receiver.ExportSafely((ComponentId)0x8001);
        Receiver.Commit();
        _entries = [.. Receiver.Store.Entries];
        Signers = [.. World.Clients.Select(static client => client.Identity.Signer)];
        Group = Restore(_entries);
    }

    public World World { get; }

    /// <summary>The client whose group it is.</summary>
    public Client Receiver { get; }

    /// <summary>A client that is in no group.</summary>
    public Client Joiner { get; }

    /// <summary>A member's SelfRemove that only the receiver has received.</summary>
    public PublicMessage Leaving { get; }

    /// <summary>The receiver's group.</summary>
    public Group Group { get; private set; }

    /// <summary>The signature keys of all clients, the external sender's first.</summary>
    public ImmutableArray<SignatureKeyPair> Signers { get; }

    /// <summary>What the receiver has stored.</summary>
    public IReadOnlyList<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Entries => _entries;

    /// <summary>The group as it was first.</summary>
    public void Reset()
    {
        if (!_isChanged)
            return;
        Group.Dispose();
        Group = Restore(_entries);
        _isChanged = false;
    }

    /// <summary>Processes a message and merges a Commit; null if it is refused, which must leave no trace.</summary>
    public Received? Process(MlsMessage message)
    {
        ulong epoch = Group.Epoch;
        byte[] authenticator = Group.EpochAuthenticator;
        Received received;
        try
        {
            received = Effort.Bounded(message.Encode().Length, () => Group.Process(message, World.Now));
        }
        catch (MlsException)
        {
            Assert.Empty(Group.TakeWrites());
            Assert.Equal(epoch, Group.Epoch);
            Assert.Equal(authenticator, Group.EpochAuthenticator);
            return null;
        }

        _isChanged = true;
        if (received is Received.Commit commit)
            Group.Merge(commit.Staged);
        Group.TakeWrites();
        return received;
    }

    /// <summary>A proposal that the group has received.</summary>
    public QueuedProposal? Find(ReadOnlyMemory<byte> reference) => ProposalsOf(Group).Find(reference);

    public Group Restore(IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries) =>
        Group.Restore(World.Config, Receiver.Identity, entries);

    /// <summary>Whatever was received, a Commit of our own that takes it up can be made.</summary>
    public void CommitAndClear()
    {
        _isChanged = true;
        Group.ClearPendingCommit();
        Group.Commit(new CommitOptions(), World.Now);
        Group.ClearPendingCommit();
    }

    private static MlsMessage Decode(byte[] message)
    {
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
        return decoded;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_proposals")]
    private static extern ref ProposalCache ProposalsOf(Group group);
}
