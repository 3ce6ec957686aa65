using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// A member that turned against its group: it builds messages that break one rule and are otherwise whole, signed, tagged and
/// encrypted with the real keys, so that nothing but the rule can refuse them. Commits are a <see cref="ForgedCommit"/>'s.
/// </summary>
internal static class Forge
{
    private const int TagBytes = 16;

    public static EpochState Epoch(this Client client) => EpochOf(client.Group);

    public static EpochState EpochState(this Group group) => EpochOf(group);

    public static IReadOnlyList<PastEpoch> PastEpochs(this Group group) => PastOf(group);

    /// <summary>Content framed and signed as the client's, except for what is changed.</summary>
    public static AuthenticatedContent Sign(
        Client client,
        Content content,
        WireFormat format = WireFormat.PublicMessage,
        Func<FramedContent, FramedContent>? change = null,
        SignatureKeyPair? signer = null,
        byte[]? context = null,
        string label = "FramedContentTBS")
    {
        EpochState epoch = client.Epoch();
        var framed = new FramedContent(epoch.Context.GroupId, epoch.Context.Epoch, new Sender.Member(epoch.Self), default, content);
        framed = change?.Invoke(framed) ?? framed;
        byte[] signed = AuthenticatedContent.EncodeToBeSigned(format, framed, context ?? epoch.EncodedContext);
        byte[] signature = (signer ?? client.Identity.Signer).Sign(epoch.Suite, label, signed);
        ReadOnlyMemory<byte>? tag = content is Content.CommitContent ? new byte[epoch.Suite.HashBytes] : (ReadOnlyMemory<byte>?)null;
        return new AuthenticatedContent(format, framed, new FramedContentAuthData(signature, tag));
    }

    /// <summary>Wraps content with the epoch's keys.</summary>
    public static MlsMessage Seal(Client client, AuthenticatedContent content)
    {
        EpochState epoch = client.Epoch();
        if (content.WireFormat == WireFormat.PrivateMessage)
        {
            FramedContent framed = content.Content;
            return Suites.Decode<MlsMessage>(PrivateMessages.Seal(
                epoch.Suite, epoch.Secrets.SenderDataSecret, epoch.MessageSecrets, epoch.Self,
                framed.GroupId.Span, framed.Epoch, framed.Content.Type, framed.AuthenticatedData.Span, PlaintextOf(content)));
        }

        return SealPublic(epoch, content);
    }

    public static MlsMessage SealPublic(EpochState epoch, AuthenticatedContent content)
    {
        PublicMessage message = PublicMessages.Seal(epoch.Suite, epoch.Secrets.MembershipKey, content, epoch.EncodedContext);
        return new MlsMessage.Public(content.Content.Sender is Sender.Member ? message : message with { MembershipTag = null });
    }

    public static MlsMessage Send(
        Client client,
        Content content,
        WireFormat format = WireFormat.PublicMessage,
        Func<FramedContent, FramedContent>? change = null,
        SignatureKeyPair? signer = null,
        byte[]? context = null) => Seal(client, Sign(client, content, format, change, signer, context));

    public static MlsMessage Propose(Client client, Proposal proposal, Sender? sender = null, SignatureKeyPair? signer = null, byte[]? context = null) => Send(
        client,
        new Content.ProposalContent(proposal),
        change: framed => sender is null ? framed : framed with { Sender = sender },
        signer: signer,
        context: context);

    /// <summary>Proposals as a Commit of the client's holds them by value.</summary>
    public static ImmutableArray<QueuedProposal> ByValue(Client client, params IEnumerable<Proposal> proposals) =>
        [.. proposals.Select(proposal => new QueuedProposal(proposal, new Sender.Member(client.Index), null))];

    /// <summary>A Commit of proposals by value, without a path.</summary>
    public static MlsMessage Commit(Client client, params Proposal[] proposals) =>
        new ForgedCommit(client) { Proposals = ByValue(client, proposals), HasPath = false }.Make();

    /// <summary>Any Commit, signed and tagged as it is. Its confirmation tag is right only if its proposals change nothing.</summary>
    public static MlsMessage Commit(Client client, Commit commit) => Send(client, new Content.CommitContent(commit));

    /// <summary>A Commit with a path, changed before it is signed.</summary>
    public static MlsMessage Commit(Client client, Func<Commit, Commit> change, params Proposal[] proposals) =>
        new ForgedCommit(client) { Proposals = ByValue(client, proposals), ChangesCommit = change }.Make();

    public static Commit HonestCommit(Client client, params Proposal[] proposals)
    {
        AuthenticatedContent content = client.Commit(new CommitOptions { Proposals = proposals }).Content;
        client.Clear();
        return ((Content.CommitContent)content.Content.Content).Commit;
    }

    /// <summary>A Commit whose path leaf is changed before it is signed.</summary>
    public static MlsMessage CommitWithLeaf(Client client, Func<LeafNode, LeafNode> change, params Proposal[] proposals) =>
        new ForgedCommit(client) { Proposals = ByValue(client, proposals), ChangesLeaf = change }.Make();

    /// <summary>An external Commit whose content is changed and then signed again. Its confirmation tag stays.</summary>
    public static MlsMessage ExternalCommit(
        Client joiner, byte[] groupInfo, Func<Commit, Commit>? change = null, ExternalCommitOptions? options = null, SignatureKeyPair? signer = null)
    {
        Assert.True(MlsMessage.TryDecode(groupInfo, out MlsMessage? info, out _));
        Assert.True(MlsMessage.TryDecode(joiner.CommitExternally(groupInfo, options), out MlsMessage? honest, out _));
        PublicMessage message = Assert.IsType<MlsMessage.Public>(honest).Message;
        Commit commit = ((Content.CommitContent)message.Content.Content).Commit;
        FramedContent framed = message.Content with { Content = new Content.CommitContent(change?.Invoke(commit) ?? commit) };
        byte[] context = Assert.IsType<MlsMessage.GroupInfo>(info).Message.GroupContext.Encode();
        byte[] signature = (signer ?? joiner.Identity.Signer).Sign(
            joiner.World.Suite, "FramedContentTBS", AuthenticatedContent.EncodeToBeSigned(WireFormat.PublicMessage, framed, context));
        return new MlsMessage.Public(new PublicMessage(framed, message.Auth with { Signature = signature }, null));
    }

    /// <summary>The leaf as its owner would sign it, in its own group and place.</summary>
    public static LeafNode Resign(Client owner, LeafNode leaf) => Resign(owner, leaf, owner.World.GroupId, owner.Index);

    public static LeafNode Resign(Client owner, LeafNode leaf, byte[] groupId, LeafIndex index, string label = "LeafNodeTBS") => leaf with
    {
        Signature = owner.Identity.Signer.Sign(owner.World.Suite, label, leaf.EncodeToBeSigned(groupId, index)),
    };

    /// <summary>A KeyPackage of the client's, changed and signed again; the leaf too, if it is changed.</summary>
    public static KeyPackage KeyPackage(
        Client owner,
        Func<LeafNode, LeafNode>? changeLeaf = null,
        Func<KeyPackage, KeyPackage>? change = null,
        SignatureKeyPair? signer = null,
        string label = "KeyPackageTBS")
    {
        KeyPackage keyPackage = owner.NewKeyPackage().KeyPackage;
        if (changeLeaf is not null)
            keyPackage = keyPackage with { LeafNode = Resign(owner, changeLeaf(keyPackage.LeafNode), owner.World.GroupId, default) };
        keyPackage = change?.Invoke(keyPackage) ?? keyPackage;
        return keyPackage with { Signature = (signer ?? owner.Identity.Signer).Sign(owner.World.Suite, label, keyPackage.EncodeToBeSigned()) };
    }

    /// <summary>An Update's leaf for the client, changed and signed again.</summary>
    public static LeafNode UpdateLeaf(Client client, Func<LeafNode, LeafNode>? change = null)
    {
        using HpkeKeyPair pair = client.World.Suite.GenerateHpkeKeyPair();
        LeafNode current = client.Epoch().Tree.LeafAt(client.Index)!; // A member's own leaf is never blank.
        LeafNode leaf = current with { EncryptionKey = pair.PublicKey, Source = new LeafNodeSource.Update() };
        return Resign(client, change?.Invoke(leaf) ?? leaf);
    }

    /// <summary>A PrivateMessage with any plaintext, sealed with the next real keys of a ratchet: every member has those of all.</summary>
    public static MlsMessage SealRaw(Client client, ContentType type, ReadOnlySpan<byte> plaintext, LeafIndex? sender = null, uint? generation = null, LeafIndex? keysOf = null)
    {
        EpochState epoch = client.Epoch();
        CryptoSuite suite = epoch.Suite;
        RatchetType ratchet = type == ContentType.Application ? RatchetType.Application : RatchetType.Handshake;
        byte[] key = new byte[suite.AeadKeyBytes];
        byte[] nonce = new byte[suite.AeadNonceBytes];
        uint next = epoch.MessageSecrets.Next(keysOf ?? epoch.Self, ratchet, key, nonce);
        return SealRaw(epoch, type, plaintext, key, nonce, sender ?? epoch.Self, generation ?? next);
    }

    /// <summary>A PrivateMessage with any plaintext, keys and sender.</summary>
    public static MlsMessage SealRaw(
        EpochState epoch, ContentType type, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> key, ReadOnlySpan<byte> messageNonce, LeafIndex sender, uint generation)
    {
        const uint guard = 0x01020304;
        byte[] nonce = messageNonce.ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(nonce, BinaryPrimitives.ReadUInt32BigEndian(nonce) ^ guard);
        byte[] ciphertext = new byte[plaintext.Length + TagBytes];
        epoch.Suite.Seal(key, nonce, ContentAad(epoch, type), plaintext, ciphertext);
        byte[] senderData = SealSenderData(epoch, new SenderData(sender, generation, guard), type, ciphertext);
        return new MlsMessage.Private(new PrivateMessage(epoch.Context.GroupId, epoch.Context.Epoch, type, default, senderData, ciphertext));
    }

    /// <summary>What a PrivateMessage encrypts: the content and its authentication, without padding.</summary>
    public static byte[] PlaintextOf(AuthenticatedContent content)
    {
        var writer = new TlsWriter();
        content.Content.Content.Write(writer);
        content.Auth.Write(writer);
        return writer.ToArray();
    }

    public static Secret RandomSecret(CryptoSuite suite)
    {
        var secret = new Secret(suite.HashBytes);
        suite.Provider.FillRandom(secret.AsWritableSpan());
        return secret;
    }

    /// <summary>Sender data sealed for a ciphertext.</summary>
    public static byte[] SealSenderData(EpochState epoch, SenderData senderData, ContentType type, byte[] ciphertext)
    {
        byte[] sealedData = new byte[SenderData.SealedBytes];
        senderData.Seal(epoch.Suite, epoch.Secrets.SenderDataSecret, SenderDataAad(epoch, type), ciphertext, sealedData);
        return sealedData;
    }

    public static SenderData OpenSenderData(EpochState epoch, PrivateMessage message) =>
        SenderData.Open(epoch.Suite, epoch.Secrets.SenderDataSecret, SenderDataAad(epoch, message.ContentType), message);

    private static byte[] SenderDataAad(EpochState epoch, ContentType type)
    {
        var writer = new TlsWriter();
        writer.WriteVector(epoch.Context.GroupId);
        writer.WriteUInt64(epoch.Context.Epoch);
        writer.WriteUInt8((byte)type);
        return writer.ToArray();
    }

    private static byte[] ContentAad(EpochState epoch, ContentType type) => [.. SenderDataAad(epoch, type), 0]; // No authenticated data.

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_epoch")]
    private static extern ref EpochState EpochOf(Group group);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_past")]
    private static extern ref List<PastEpoch> PastOf(Group group);
}
