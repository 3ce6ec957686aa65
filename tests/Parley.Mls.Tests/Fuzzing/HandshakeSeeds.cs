using System.Collections.Immutable;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>Honest inputs of <see cref="HandshakeTarget"/>: every kind of proposal and Commit, with the fields left out that the forge completes.</summary>
internal static class HandshakeSeeds
{
    private const ComponentId Ledger = (ComponentId)0x8001;

    private static readonly Sender Member = new Sender.Member(new LeafIndex(1));
    private static readonly Proposal Remove = new Proposal.Remove(new LeafIndex(5));
    private static readonly Proposal Psk = new Proposal.PreSharedKey(new PreSharedKeyId.External("psk"u8.ToArray(), default));

    /// <summary>Each with its messages accepted.</summary>
    public static IEnumerable<byte[]> All =>
    [
        Input((Member, new Content.Application("hello"u8.ToArray()))),
        Input((Member, Propose(Add(0)))),
        Input((Member, Propose(new Proposal.Update(Leaf(new LeafNodeSource.Update()))))),
        Input((Member, Propose(Remove))),
        Input((Member, Propose(Psk)), (Member, Commit(null, new ProposalOrRef.ByReference(new byte[1])))),
        Input((Member, Propose(new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, World.DefaultSuite, [])))),
        Input((Member, Propose(new Proposal.GroupContextExtensions([new Extension(ExtensionType.RequiredCapabilities, new RequiredCapabilities([], [], [CredentialType.Basic]).Encode())])))),
        Input((new Sender.External(0), Propose(Remove))),
        Input((new Sender.NewMemberProposal(), Propose(Add(0)))),
        Input((Member, Commit(Path, Value(Remove), Value(Add(0)), Value(Psk)))),
        Input((Member, Commit(null, Value(Add(0)))), (Member, new Content.Application("again"u8.ToArray()))),
        Input((new Sender.NewMemberCommit(), Commit(Path, Value(new Proposal.ExternalInit(default)), Value(Remove)))),
        Input((new Sender.NewMemberCommit(), Commit(Path, Value(new Proposal.ExternalInit(default))))),
        Input((Member, Commit(Path, Value(new Proposal.Remove(new LeafIndex(2)))))),
        Input((Member, Propose(Remove)), (new Sender.Member(new LeafIndex(5)), Propose(Add(0))), (new Sender.Member(new LeafIndex(4)), Propose(Remove))),
        Input((Member, Propose(new Proposal.SelfRemove())), (new Sender.Member(new LeafIndex(5)), Commit(Path, new ProposalOrRef.ByReference(new byte[1])))),
        Input((Member, Propose(new Proposal.SelfRemove())), (new Sender.NewMemberCommit(), Commit(Path, Value(new Proposal.ExternalInit(default)), new ProposalOrRef.ByReference(new byte[1])))),
        Input((Member, Propose(Append(7))), (Member, Commit(null, new ProposalOrRef.ByReference(new byte[1]), Value(Append(9)), Value(Note)))),
        Input((Member, Commit(null, Value(Append(7)))), (Member, Propose(new Proposal.AppDataUpdate(Ledger, null))), (Member, Commit(null, new ProposalOrRef.ByReference(new byte[1])))),
        Input((Member, Propose(new Proposal.AppEphemeral(ComponentId.AppAck, Ack)))),
        Input((Member, Commit(null, Value(new Proposal.AppEphemeral(ComponentId.AppAck, Ack)), Value(new Proposal.AppEphemeral(Ledger, new byte[1]))))),
        Input((new Sender.NewMemberCommit(), Commit(Path, Value(new Proposal.ExternalInit(default)), Value(Append(7)), Value(new Proposal.AppEphemeral(Ledger, new byte[1]))))),
        Input((Member, Propose(new Proposal.GroupContextExtensions([Dictionary.ToExtension()])))),
        Input((Member, Commit(Path, Value(new Proposal.GroupContextExtensions([Dictionary.ToExtension()])), Value(Append(9)))), (Member, Commit(null, Value(new Proposal.AppDataUpdate(Note.ComponentId, null))))),
        Input((Member, Propose(new Proposal.Update(Leaf(new LeafNodeSource.Update()) with { Extensions = [Supported.ToExtension()] })))),
    ];

    private static Proposal.AppDataUpdate Note => new((ComponentId)0x8002, "note"u8.ToArray());

    private static byte[] Ack => new AppAck([new MessageRange(new LeafIndex(1), 0, 2), new MessageRange(new LeafIndex(4), 1, 1)]).Encode();

    private static AppDataDictionary Dictionary => AppDataDictionary.Empty.With(Ledger, new byte[] { 7 }).With(Note.ComponentId, new byte[] { 1 });

    /// <summary>What a leaf says of the components it supports.</summary>
    private static AppDataDictionary Supported => AppDataDictionary.Empty.With(ComponentId.AppComponents, new ComponentsList([Ledger, ComponentId.AppAck]).Encode());

    private static UpdatePath Path => new(Leaf(new LeafNodeSource.Commit(default)) with { EncryptionKey = (byte[])[3] }, []);

    private static Proposal.AppDataUpdate Append(byte entry) => new(Ledger, new[] { entry });

    private static Proposal.Add Add(byte signer)
    {
        ulong now = (ulong)World.Now.ToUnixTimeSeconds();
        LeafNode leaf = Leaf(new LeafNodeSource.KeyPackage(new Lifetime(now - 3600, now + 3600))) with { SignatureKey = (byte[])[signer] };
        return new Proposal.Add(new KeyPackage(World.DefaultSuite, (byte[])[1], leaf, [], default));
    }

    private static LeafNode Leaf(LeafNodeSource source) =>
        new((byte[])[2], default, new Credential.Basic("mallory"u8.ToArray()), FuzzGroup.Capabilities, source, [], default);

    private static Content.ProposalContent Propose(Proposal proposal) => new(proposal);

    private static Content.CommitContent Commit(UpdatePath? path, params ImmutableArray<ProposalOrRef> proposals) => new(new Commit(proposals, path));

    private static ProposalOrRef.ByValue Value(Proposal proposal) => new(proposal);

    private static byte[] Input(params ReadOnlySpan<(Sender Sender, Content Content)> messages)
    {
        var writer = new TlsWriter();
        foreach ((Sender sender, Content content) in messages)
            HandshakeTarget.Write(writer, sender, isPrivate: sender is Sender.Member && content is not Content.ProposalContent { Proposal: Proposal.SelfRemove }, content);
        return writer.ToArray();
    }
}
