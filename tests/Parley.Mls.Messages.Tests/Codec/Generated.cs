using System.Collections.Immutable;
using CsCheck;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Tests.Codec;

/// <summary>Generated values of every structure, within what RFC 9420 lets be encoded.</summary>
internal static class Generated
{
    private static readonly Gen<ReadOnlyMemory<byte>> Bytes = Gen.Byte.Array[0, 70].Select(static bytes => (ReadOnlyMemory<byte>)bytes);

    private static readonly Gen<LeafIndex> Leaf = Gen.UInt.Select(static value => new LeafIndex(value));

    private static readonly Gen<ExtensionType> ExtensionTypes = Gen.UShort.Select(static value => (ExtensionType)value);

    private static readonly Gen<ProposalType> ProposalTypes = Gen.UShort.Select(static value => (ProposalType)value);

    private static readonly Gen<ComponentId> Components = Gen.UShort.Select(static value => (ComponentId)value);

    private static readonly Gen<CredentialType> CredentialTypes = Gen.UShort.Select(static value => (CredentialType)value);

    private static readonly Gen<CipherSuite> Suites = Gen.UShort.Select(static value => (CipherSuite)value);

    private static readonly Gen<ProtocolVersion> Versions = Gen.UShort.Select(static value => (ProtocolVersion)value);

    public static readonly Gen<Extension> Extension = Gen.Select(ExtensionTypes, Bytes, static (type, data) => new Extension(type, data));

    /// <summary>No type stands twice.</summary>
    private static readonly Gen<ImmutableArray<Extension>> Extensions =
        Extension.Array[0, 4].Select(static extensions => extensions.DistinctBy(static extension => extension.Type).ToImmutableArray());

    public static readonly Gen<Credential> Credential = Gen.OneOf(
        Bytes.Select(static identity => (Credential)new Credential.Basic(identity)),
        Many(Bytes, 3).Select(static certificates => (Credential)new Credential.X509(certificates)));

    public static readonly Gen<Capabilities> Capabilities = Gen.Select(
        Many(Versions, 3), Many(Suites, 3), Many(ExtensionTypes, 3), Many(ProposalTypes, 3), Many(CredentialTypes, 3),
        static (versions, suites, extensions, proposals, credentials) => new Capabilities(versions, suites, extensions, proposals, credentials));

    private static readonly Gen<LeafNodeSource> Source = Gen.OneOf(
        Gen.Select(Gen.ULong, Gen.ULong, static (from, to) => (LeafNodeSource)new LeafNodeSource.KeyPackage(new Lifetime(from, to))),
        Gen.Const((LeafNodeSource)new LeafNodeSource.Update()),
        Bytes.Select(static parentHash => (LeafNodeSource)new LeafNodeSource.Commit(parentHash)));

    public static readonly Gen<LeafNode> LeafNode = Gen.Select(
        Gen.Select(Bytes, Bytes, Bytes), Credential, Capabilities, Source, Extensions,
        static (bytes, credential, capabilities, source, extensions) =>
            new LeafNode(bytes.Item1, bytes.Item2, credential, capabilities, source, extensions, bytes.Item3));

    public static readonly Gen<ParentNode> ParentNode = Gen.Select(
        Bytes, Bytes, Gen.UInt.Array[0, 5],
        static (key, hash, leaves) => new ParentNode(key, hash, [.. leaves.Distinct().Order().Select(static leaf => new LeafIndex(leaf))]));

    public static readonly Gen<Node> Node = Gen.OneOf(
        LeafNode.Select(static leaf => (Node)new Node.Leaf(leaf)), ParentNode.Select(static parent => (Node)new Node.Parent(parent)));

    /// <summary>Leaves and parents in their places, the last node not blank.</summary>
    public static readonly Gen<RatchetTreeExtension> RatchetTree = Gen.Select(
        Gen.Select(LeafNode, ParentNode, Gen.Bool).Array[0, 6],
        LeafNode,
        static (nodes, last) => new RatchetTreeExtension([
            .. nodes.SelectMany(static node => (Node?[])[node.Item3 ? new Node.Leaf(node.Item1) : null, node.Item3 ? null : new Node.Parent(node.Item2)]),
            new Node.Leaf(last)]));

    public static readonly Gen<HpkeCiphertext> Ciphertext = Gen.Select(Bytes, Bytes, static (kem, sealedBytes) => new HpkeCiphertext(kem, sealedBytes));

    public static readonly Gen<UpdatePathNode> UpdatePathNode = Gen.Select(Bytes, Many(Ciphertext, 3), static (key, secrets) => new UpdatePathNode(key, secrets));

    public static readonly Gen<UpdatePath> UpdatePath = Gen.Select(LeafNode, Many(UpdatePathNode, 3), static (leaf, nodes) => new UpdatePath(leaf, nodes));

    public static readonly Gen<KeyPackage> KeyPackage = Gen.Select(
        Suites, Bytes, LeafNode, Extensions, Bytes, static (suite, init, leaf, extensions, signature) => new KeyPackage(suite, init, leaf, extensions, signature));

    public static readonly Gen<PreSharedKeyId> Psk = Gen.OneOf(
        Gen.Select(Bytes, Bytes, static (id, nonce) => (PreSharedKeyId)new PreSharedKeyId.External(id, nonce)),
        Gen.Select(
            Gen.Byte[1, 3], Bytes, Gen.ULong, Bytes,
            static (usage, group, epoch, nonce) => (PreSharedKeyId)new PreSharedKeyId.Resumption((ResumptionPskUsage)usage, group, epoch, nonce)));

    public static readonly Gen<Proposal> Proposal = Gen.OneOf(
        KeyPackage.Select(static package => (Proposal)new Proposal.Add(package)),
        LeafNode.Select(static leaf => (Proposal)new Proposal.Update(leaf)),
        Leaf.Select(static leaf => (Proposal)new Proposal.Remove(leaf)),
        Psk.Select(static psk => (Proposal)new Proposal.PreSharedKey(psk)),
        Gen.Select(Bytes, Versions, Suites, Extensions, static (group, version, suite, extensions) => (Proposal)new Proposal.ReInit(group, version, suite, extensions)),
        Bytes.Select(static kem => (Proposal)new Proposal.ExternalInit(kem)),
        Extensions.Select(static extensions => (Proposal)new Proposal.GroupContextExtensions(extensions)),
        Gen.Select(Components, Bytes, Gen.Bool, static (id, update, isRemoval) => (Proposal)new Proposal.AppDataUpdate(id, isRemoval ? (ReadOnlyMemory<byte>?)null : update)),
        Gen.Select(Components, Bytes, static (id, data) => (Proposal)new Proposal.AppEphemeral(id, data)),
        Gen.Const((Proposal)new Proposal.SelfRemove()));

    public static readonly Gen<ComponentData> ComponentData = Gen.Select(Components, Bytes, static (id, data) => new ComponentData(id, data));

    public static readonly Gen<AppDataDictionary> AppDataDictionary = Gen.Select(Components, Bytes).Array[0, 5].Select(
        static entries => entries.Aggregate(Messages.Components.AppDataDictionary.Empty, static (dictionary, entry) => dictionary.With(entry.Item1, entry.Item2)));

    public static readonly Gen<ComponentsList> ComponentsList = Many(Components, 4).Select(static components => new ComponentsList(components));

    /// <summary>Ranges that ascend, three generations each.</summary>
    public static readonly Gen<AppAck> AppAck = Gen.Select(Gen.UInt[0, 3], Gen.UInt[0, 9]).Array[0, 8].Select(
        static ranges => new AppAck([.. ranges.Distinct().Order().Select(static range => new MessageRange(new LeafIndex(range.Item1), 4 * range.Item2, (4 * range.Item2) + 2))]));

    public static readonly Gen<ProposalOrRef> ProposalOrRef = Gen.OneOf(
        Proposal.Select(static proposal => (ProposalOrRef)new ProposalOrRef.ByValue(proposal)),
        Bytes.Select(static reference => (ProposalOrRef)new ProposalOrRef.ByReference(reference)));

    public static readonly Gen<Commit> Commit = Gen.Select(
        Many(ProposalOrRef, 3), UpdatePath, Gen.Bool, static (proposals, path, hasPath) => new Commit(proposals, hasPath ? path : null));

    private static readonly Gen<Sender> Sender = Gen.OneOf(
        Leaf.Select(static leaf => (Sender)new Sender.Member(leaf)),
        Gen.UInt.Select(static index => (Sender)new Sender.External(index)),
        Gen.Const((Sender)new Sender.NewMemberProposal()),
        Gen.Const((Sender)new Sender.NewMemberCommit()));

    private static readonly Gen<Content> Handshake = Gen.OneOf(
        Proposal.Select(static proposal => (Content)new Content.ProposalContent(proposal)),
        Commit.Select(static commit => (Content)new Content.CommitContent(commit)));

    private static readonly Gen<Content> Content = Gen.OneOf(Bytes.Select(static data => (Content)new Content.Application(data)), Handshake);

    public static readonly Gen<FramedContent> FramedContent = FramedOf(Content);

    public static readonly Gen<AuthenticatedContent> AuthenticatedContent = Gen.Select(
        FramedContent, Gen.Bool, Bytes, Bytes,
        static (content, isPublic, signature, tag) =>
            new AuthenticatedContent(isPublic ? WireFormat.PublicMessage : WireFormat.PrivateMessage, content, AuthOf(content, signature, tag)));

    public static readonly Gen<PublicMessage> PublicMessage = Gen.Select(
        FramedOf(Handshake), Bytes, Bytes, Bytes,
        static (content, signature, tag, membership) => new PublicMessage(
            content, AuthOf(content, signature, tag), content.Sender is Sender.Member ? membership : (ReadOnlyMemory<byte>?)null));

    public static readonly Gen<PrivateMessage> PrivateMessage = Gen.Select(
        Gen.Select(Bytes, Bytes, Bytes, Bytes), Gen.ULong, Gen.Byte[1, 3],
        static (bytes, epoch, type) => new PrivateMessage(bytes.Item1, epoch, (ContentType)type, bytes.Item2, bytes.Item3, bytes.Item4));

    public static readonly Gen<GroupContext> GroupContext = Gen.Select(
        Suites, Gen.Select(Bytes, Bytes, Bytes), Gen.ULong, Extensions,
        static (suite, bytes, epoch, extensions) => new GroupContext(suite, bytes.Item1, epoch, bytes.Item2, bytes.Item3, extensions));

    public static readonly Gen<GroupInfo> GroupInfo = Gen.Select(
        GroupContext, Extensions, Bytes, Leaf, Bytes,
        static (context, extensions, tag, signer, signature) => new GroupInfo(context, extensions, tag, signer, signature));

    public static readonly Gen<EncryptedGroupSecrets> GroupSecrets = Gen.Select(
        Bytes, Ciphertext, static (reference, ciphertext) => new EncryptedGroupSecrets(reference, ciphertext));

    public static readonly Gen<Welcome> Welcome = Gen.Select(
        Suites, Many(GroupSecrets, 3), Bytes, static (suite, secrets, info) => new Welcome(suite, secrets, info));

    public static readonly Gen<MlsMessage> Message = Gen.OneOf(
        PublicMessage.Select(static message => (MlsMessage)new MlsMessage.Public(message)),
        PrivateMessage.Select(static message => (MlsMessage)new MlsMessage.Private(message)),
        Welcome.Select(static message => (MlsMessage)new MlsMessage.Welcome(message)),
        GroupInfo.Select(static message => (MlsMessage)new MlsMessage.GroupInfo(message)),
        KeyPackage.Select(static message => (MlsMessage)new MlsMessage.KeyPackage(message)));

    public static readonly Gen<RequiredCapabilities> RequiredCapabilities = Gen.Select(
        Many(ExtensionTypes, 3), Many(ProposalTypes, 3), Many(CredentialTypes, 3),
        static (extensions, proposals, credentials) => new RequiredCapabilities(extensions, proposals, credentials));

    public static readonly Gen<ExternalSenders> ExternalSenders =
        Many(Gen.Select(Bytes, Credential, static (key, credential) => new ExternalSender(key, credential)), 3).Select(static senders => new ExternalSenders(senders));

    public static readonly Gen<ExternalPub> ExternalPub = Bytes.Select(static key => new ExternalPub(key));

    private static Gen<ImmutableArray<T>> Many<T>(Gen<T> element, int countMax) => element.Array[0, countMax].Select(static elements => elements.ToImmutableArray());

    private static Gen<FramedContent> FramedOf(Gen<Content> content) => Gen.Select(
        Gen.Select(Bytes, Bytes), Gen.ULong, Sender, content,
        static (bytes, epoch, sender, inner) => new FramedContent(bytes.Item1, epoch, sender, bytes.Item2, inner));

    private static FramedContentAuthData AuthOf(FramedContent content, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> tag) =>
        new(signature, content.Content is Content.CommitContent ? tag : (ReadOnlyMemory<byte>?)null);
}
