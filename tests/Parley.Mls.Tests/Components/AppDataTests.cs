using System.Collections.Immutable;
using Parley.Mls.Components;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Components;

/// <summary>draft-ietf-mls-extensions-09 §4.6-§4.8, §5: data of components in the GroupContext, and data that goes with a Commit.</summary>
public sealed class AppDataTests : IDisposable
{
    private const ComponentId Ledger = (ComponentId)0x8001;
    private const ComponentId Note = (ComponentId)0x8002;
    private const ComponentId Unknown = (ComponentId)0x8003;

    private static readonly Capabilities Capable = World.DefaultCapabilities with
    {
        Extensions = [ExtensionType.AppDataDictionary],
        Proposals = [ProposalType.AppDataUpdate, ProposalType.AppEphemeral],
    };

    private readonly World _world = NewWorld().WithMembers(4);

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Updates_are_merged_by_the_component_in_the_order_of_the_Commit(bool restarts)
    {
        using World world = NewWorld(restarts).WithMembers(3);
        world.Propose(world[1].Propose(static group => group.Propose(Update(Ledger, 1), World.Now)));
        world.Propose(world[2].Propose(static group => group.Propose(new Proposal.AppDataUpdate(Note, "note"u8.ToArray()), World.Now)));
        world.Commit(world[0], Update(Ledger, 2), Update(Ledger, 3));
        foreach (Client member in world.Members)
        {
            Assert.Equal([1, 2, 3], Data(member, Ledger));
            Assert.Equal("note"u8.ToArray(), Data(member, Note));
            Assert.Null(member.Group.FindAppData(Unknown));
        }

        Client joiner = world.NewClient();
        world.Commit(world[1], World.AddOf(joiner), Update(Ledger, 9));
        Assert.Equal([1, 2, 3, 9], Data(joiner, Ledger));
        world.AssertTalk();
    }

    [Fact]
    public void An_update_needs_no_path()
    {
        Commit commit = CommitOf(_world[0].Commit(new CommitOptions { Proposals = [Update(Ledger, 1), Ephemeral(Ledger, 1)], ForcesPath = false }));
        Assert.Null(commit.Path);
    }

    [Fact]
    public void A_component_is_removed_and_the_dictionary_stays()
    {
        _world.Commit(_world[0], Update(Note, 1), Update(Ledger, 2));
        Assert.Equal([Ledger, Note], Dictionary().Entries.Select(static entry => entry.ComponentId));
        _world.Propose(_world[1].Propose(static group => group.Propose(Removal(Ledger), World.Now)));
        _world.Commit(_world[2], Update(Note, 3));
        Assert.Equal([Note], Dictionary().Entries.Select(static entry => entry.ComponentId));
        _world.Commit(_world[2], Removal(Note));
        Assert.Empty(Dictionary().Entries);
        _world.AssertTalk();
    }

    [Fact]
    public void A_component_that_the_application_does_not_know_is_refused()
    {
        AssertRefused(MlsError.ComponentUnknown, Update(Unknown, 1));
        AssertRefused(MlsError.ComponentUnknown, Removal(Unknown));
        AssertRefused(MlsError.ComponentUnknown, Ephemeral(Unknown, 1));
        _world[1].Refuses(MlsError.ComponentUnknown, Forge.Propose(_world[0], Update(Unknown, 1)));
        _world.AssertUnharmed();
    }

    [Fact]
    public void What_the_component_refuses_is_refused()
    {
        _world.Commit(_world[0], Update(Ledger, 0xff));
        AssertRefused(MlsError.AppDataRefused, Update(Ledger, 3));
        AssertRefused(MlsError.AppDataRefused, Removal(Ledger));
        AssertRefused(MlsError.AppDataRefused, new Proposal.AppEphemeral(Ledger, default));
        AssertRefused(MlsError.AppDataRefused, Ephemeral(Note, 1));
        _world.AssertUnharmed();
    }

    [Fact]
    public void What_is_not_there_cannot_be_removed()
    {
        AssertRefused(MlsError.AppDataMissing, Removal(Ledger));
        _world[1].Refuses(MlsError.AppDataMissing, Forge.Propose(_world[0], Removal(Ledger)));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_removal_stands_alone_for_its_component()
    {
        _world.Commit(_world[0], Update(Ledger, 1), Update(Note, 1));
        AssertRefused(MlsError.AppDataUpdateConflict, Removal(Ledger), Removal(Ledger));
        AssertRefused(MlsError.AppDataUpdateConflict, Removal(Ledger), Update(Ledger, 2));
        AssertRefused(MlsError.AppDataUpdateConflict, Update(Ledger, 2), Removal(Ledger));
        _world.Commit(_world[0], Removal(Ledger), Update(Note, 2));
        _world.AssertTalk();
    }

    [Fact]
    public void Of_proposals_that_cannot_stand_together_a_Commit_takes_the_first()
    {
        _world.Commit(_world[0], Update(Ledger, 1));
        _world.Propose(_world[1].Propose(static group => group.Propose(Update(Ledger, 2), World.Now)));
        _world.Propose(_world[2].Propose(static group => group.Propose(Removal(Ledger), World.Now)));
        _world.Commit(_world[3]);
        Assert.Equal([1, 2], Data(_world[0], Ledger));
    }

    [Fact]
    public void An_update_that_builds_on_another_is_kept_until_both_are_committed()
    {
        var inOrder = new InOrder();
        using World world = NewWorld();
        world.Components[Unknown] = inOrder;
        world.WithMembers(3);
        world.Propose(world[1].Propose(static group => group.Propose(Update(Unknown, 0), World.Now)));
        byte[] second = Forge.Propose(world[2], Update(Unknown, 1)).Encode();
        world[0].Receive(second);
        world[1].Receive(second);
        PendingCommit pending = world[0].Commit();
        Assert.Equal(2, pending.Staged.Proposals.Count);
        world[1].Receive(pending.Message.ToArray());
        Assert.Equal([0, 1], Data(world[1], Unknown));
    }

    [Fact]
    public void Who_cannot_hold_the_dictionary_keeps_it_out_of_the_group()
    {
        Client old = _world.NewClient(capabilities: Capable with { Extensions = [] });
        _world.Commit(_world[0], World.AddOf(old));
        AssertRefused(MlsError.GroupExtensionNotSupported, Update(Ledger, 1));
        _world.Commit(_world[0], World.RemoveOf(old), Update(Ledger, 1));
        AssertRefused(MlsError.GroupExtensionNotSupported, World.AddOf(_world.NewClient(capabilities: Capable with { Extensions = [] })));
        _world.AssertUnharmed();
    }

    [Fact]
    public void Who_does_not_support_the_proposal_keeps_it_out_of_the_group()
    {
        Client old = _world.NewClient(capabilities: Capable with { Proposals = [] });
        _world.Commit(_world[0], World.AddOf(old));
        AssertRefused(MlsError.ProposalNotSupported, Update(Ledger, 1));
        AssertRefused(MlsError.ProposalNotSupported, Ephemeral(Ledger, 1));
        _world.AssertUnharmed();
    }

    [Theory]
    [InlineData(ComponentId.AppComponents)]
    [InlineData(ComponentId.SafeAad)]
    public void Components_that_the_group_requires_are_supported_by_all(ComponentId list)
    {
        using World world = NewWorld();
        world.Components[list] = new ReplacedData();
        Extension supported = AppDataDictionary.Empty.With(list, new ComponentsList([Ledger, (ComponentId)0x0a0a, Note]).Encode()).ToExtension();
        Client able = world.NewClient(extensions: [supported]);
        able.Create();
        world.Members.Add(able);
        Client other = world.NewClient(extensions: [supported]);
        Client unable = world.NewClient();
        world.Commit(able, World.AddOf(other), World.AddOf(unable));
        Proposal demand = new Proposal.AppDataUpdate(list, new ComponentsList([Note]).Encode());
        AssertRefused(world, MlsError.RequiredCapabilityMissing, demand);
        world.Commit(able, World.RemoveOf(unable), demand);
        AssertRefused(world, MlsError.RequiredCapabilityMissing, World.AddOf(world.NewClient()));
        world.Commit(able, World.AddOf(world.NewClient(extensions: [supported])));
        AssertRefused(world, MlsError.RequiredCapabilityMissing, new Proposal.AppDataUpdate(list, new ComponentsList([Unknown]).Encode()));
        AssertRefused(world, MlsError.ExtensionMalformed, new Proposal.AppDataUpdate(list, new byte[] { 1, 0 }));
        world.AssertUnharmed();
    }

    [Fact]
    public void A_dictionary_decodes_wherever_it_stands()
    {
        foreach (byte[] malformed in (byte[][])[[6, 0, 2, 0, 0, 1, 0], [5, 0, 1, 2, 1, 0], [1, 0]])
        {
            var extension = new Extension(ExtensionType.AppDataDictionary, malformed);
            AssertRefused(MlsError.ExtensionMalformed, new Proposal.GroupContextExtensions([extension]));
            Client joiner = _world.NewClient();
            AssertRefused(MlsError.ExtensionMalformed, new Proposal.Add(Forge.KeyPackage(joiner, leaf => leaf with { Extensions = [extension] })));
            AssertRefused(MlsError.ExtensionMalformed, new Proposal.Add(Forge.KeyPackage(joiner, change: package => package with { Extensions = [extension] })));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void Data_in_a_GroupInfo_reaches_those_who_join()
    {
        Client joiner = _world.NewClient();
        KeyPackageBundle bundle = joiner.NewKeyPackage();
        Extension dictionary = AppDataDictionary.Empty.With(Ledger, "for you"u8.ToArray()).ToExtension();
        var options = new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)], GroupInfoExtensions = [dictionary] };
        PendingCommit pending = _world[0].Commit(options);
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? welcome, out _));
        using StagedWelcome staged = StagedWelcome.Stage(_world.Config, joiner.Identity, Assert.IsType<MlsMessage.Welcome>(welcome).Message, bundle);
        Assert.Equal(dictionary.Data.ToArray(), staged.GroupInfoExtensions.Find(ExtensionType.AppDataDictionary)!.Data.ToArray());
        _world[0].Clear();
        foreach (ExtensionType type in (ExtensionType[])[ExtensionType.RatchetTree, ExtensionType.ExternalPub, ExtensionType.ExternalSenders, ExtensionType.LastResort])
            Assert.Throws<ArgumentException>(() => _world[0].Commit(options with { GroupInfoExtensions = [new Extension(type, default)] }));
        Assert.Throws<ArgumentException>(() => _world[0].Commit(options with { GroupInfoExtensions = [dictionary, dictionary] }));
    }

    [Fact]
    public void A_dictionary_in_a_GroupInfo_decodes()
    {
        using var forge = new WelcomeForge(_world[0], _world.NewClient());
        var malformed = new Extension(ExtensionType.AppDataDictionary, new byte[] { 1, 0 });
        forge.AssertRefused(MlsError.ExtensionMalformed, forge.Make(changeInfo: info => info with { Extensions = info.Extensions.Add(malformed) }));
    }

    [Fact]
    public void Where_updates_are_required_of_all_a_GroupContextExtensions_leaves_the_dictionary_alone()
    {
        var required = new Extension(
            ExtensionType.RequiredCapabilities, new RequiredCapabilities([], [ProposalType.AppDataUpdate], ImmutableArray<CredentialType>.Empty).Encode());
        Extension dictionary = AppDataDictionary.Empty.With(Ledger, new byte[] { 1 }).ToExtension();
        Extension other = AppDataDictionary.Empty.With(Ledger, new byte[] { 2 }).ToExtension();
        using World world = NewWorld().WithMembers(3, required);
        AssertRefused(world, MlsError.AppDataDictionaryReplaced, new Proposal.GroupContextExtensions([required, dictionary]));
        world.Commit(world[0], Update(Ledger, 1));
        AssertRefused(world, MlsError.AppDataDictionaryReplaced, new Proposal.GroupContextExtensions([required, other]));
        AssertRefused(world, MlsError.AppDataDictionaryReplaced, new Proposal.GroupContextExtensions([required]));
        world.Commit(world[0], Update(Ledger, 2), new Proposal.GroupContextExtensions([dictionary]));
        Assert.Equal([1, 2], Data(world[1], Ledger));
        Assert.Equal([ExtensionType.AppDataDictionary], world[1].Group.Context.Extensions.Select(static extension => extension.Type));

        // It is required no longer.
        world.Commit(world[0], new Proposal.GroupContextExtensions([other]), Update(Ledger, 3));
        Assert.Equal([2, 3], Data(world[1], Ledger));
        world.AssertTalk();
    }

    [Fact]
    public void The_creator_of_a_group_sets_the_data_alone()
    {
        using World world = NewWorld().WithMembers(2, AppDataDictionary.Empty.With(Ledger, new byte[] { 7 }).ToExtension());
        Assert.Equal([7], Data(world[1], Ledger));
    }

    [Fact]
    public void A_component_decides_what_one_who_joins_may_send()
    {
        byte[] groupInfo = _world[0].Group.CreateGroupInfo(true);
        Client joiner = _world.NewClient();
        ProposalOrRef refused = new ProposalOrRef.ByValue(Update(Note, 1));
        _world[1].Refuses(MlsError.AppDataRefused, Forge.ExternalCommit(joiner, groupInfo, commit => commit with { Proposals = commit.Proposals.Add(refused) }));
        Assert.Equal(
            MlsError.AppDataRefused,
            Assert.Throws<MlsException>(() => joiner.CommitExternally(groupInfo, new ExternalCommitOptions { AppDataUpdates = [Update(Note, 1)] })).Error);
        byte[] commit = joiner.CommitExternally(groupInfo, new ExternalCommitOptions { AppDataUpdates = [Update(Ledger, 1)], AppEphemerals = [Ephemeral(Ledger, 2)] });
        foreach (Client member in _world.Members)
        {
            var staged = Assert.IsType<Received.Commit>(member.Receive(commit)).Staged;
            Assert.Contains(staged.Proposals, static queued => queued is { Proposal: Proposal.AppEphemeral { ComponentId: Ledger }, Sender: Sender.NewMemberCommit });
        }

        joiner.JoinExternally();
        _world.Members.Add(joiner);
        _world.AssertAgreement();
        Assert.Equal([1], Data(joiner, Ledger));
    }

    [Fact]
    public void An_external_sender_may_send_what_the_component_lets_it()
    {
        using World world = NewWorld();
        Client server = world.NewClient("server");
        var senders = new ExternalSenders([new ExternalSender(server.Identity.Signer.PublicKey, server.Identity.Credential)]);
        world.WithMembers(3, new Extension(ExtensionType.ExternalSenders, senders.Encode()));
        world.Propose(Forge.Propose(world[0], Update(Ledger, 1), new Sender.External(0), server.Identity.Signer, []).Encode());
        world.Commit(world[1]);
        Assert.Equal([1], Data(world[0], Ledger));

        // Kept, as it might stand beside another, and in no Commit.
        world.Propose(Forge.Propose(world[0], Update(Note, 1), new Sender.External(0), server.Identity.Signer, []).Encode());
        world.Commit(world[1]);
        Assert.Null(world[0].Group.FindAppData(Note));
    }

    private static World NewWorld(bool restarts = false) => new(World.DefaultSuite)
    {
        HandshakeFormat = WireFormat.PublicMessage,
        Capabilities = Capable,
        Restarts = restarts,
        Components = { [Ledger] = new Ledger(), [Note] = new ReplacedData() },
    };

    private static Proposal.AppDataUpdate Update(ComponentId component, byte value) => new(component, new[] { value });

    private static Proposal.AppDataUpdate Removal(ComponentId component) => new(component, null);

    private static Proposal.AppEphemeral Ephemeral(ComponentId component, byte value) => new(component, new[] { value });

    private static byte[]? Data(Client member, ComponentId component) => member.Group.FindAppData(component)?.ToArray();

    private static Commit CommitOf(PendingCommit pending) => ((Content.CommitContent)pending.Content.Content.Content).Commit;

    private AppDataDictionary Dictionary()
    {
        Assert.True(Tls.TryDecode(_world[0].Group.Context.Extensions.Find(ExtensionType.AppDataDictionary)!.Data.Span, out AppDataDictionary? dictionary, out _));
        return dictionary;
    }

    private void AssertRefused(MlsError expected, params Proposal[] proposals) => AssertRefused(_world, expected, proposals);

    /// <summary>The first member cannot make such a Commit, and another refuses it.</summary>
    private static void AssertRefused(World world, MlsError expected, params Proposal[] proposals)
    {
        world[0].CannotCommit(expected, new CommitOptions { Proposals = proposals });
        Commit honest = Forge.HonestCommit(world[0]);
        world[1].Refuses(expected, Forge.Commit(world[0], honest with { Proposals = [.. proposals.Select(static p => new ProposalOrRef.ByValue(p))] }));
    }

    /// <summary>Takes the bytes 0, 1, 2 … in this order.</summary>
    private sealed class InOrder : IAppComponent
    {
        public ReadOnlyMemory<byte>? Update(ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentProposal> updates)
        {
            byte[] entries = [.. (current ?? default).ToArray(), .. updates.Select(static update => update.Data.Span[0])];
            return entries.Select(static (entry, i) => entry == i).All(static fits => fits) ? entries : (ReadOnlyMemory<byte>?)null;
        }
    }
}
