using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// An honest Welcome taken apart, changed in one place, and put together again by a dishonest committer: the tree is hashed again, the
/// epoch derived and confirmed again, the GroupInfo signed again, everything encrypted again.
/// </summary>
internal sealed class WelcomeForge : IDisposable
{
    private const int TagBytes = 16;

    private readonly CryptoSuite _suite;
    private readonly Client _committer;
    private readonly KeyPackageBundle _bundle;
    private readonly GroupSecrets _secrets;
    private readonly GroupInfo _info;

    /// <summary>The committer adds a client, which joins by what this forge makes of the Welcome.</summary>
    public WelcomeForge(Client committer, Client joiner, CommitOptions? options = null)
    {
        _suite = committer.World.Suite;
        _committer = committer;
        Joiner = joiner;
        _bundle = joiner.NewKeyPackage();
        Proposal add = new Proposal.Add(_bundle.KeyPackage);
        PendingCommit pending = committer.Commit((options ?? new CommitOptions()) with { Proposals = [.. options?.Proposals ?? [], add] });
        Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? message, out _));
        Honest = Assert.IsType<MlsMessage.Welcome>(message).Message;
        var opening = new WelcomeOpening(_suite, Honest);
        _secrets = opening.OpenGroupSecrets(_bundle);
        using Secret pskSecret = PskSecretOf(_secrets.Psks);
        _info = opening.OpenGroupInfo(_secrets, pskSecret);
        Assert.True(Tls.TryDecode(_info.Extensions.Find(ExtensionType.RatchetTree)!.Data.Span, out RatchetTreeExtension? tree, out _));
        Nodes = tree.Nodes;
        committer.Clear();
    }

    public Client Joiner { get; }

    /// <summary>The joiner's other groups.</summary>
    public Func<ReadOnlyMemory<byte>, Group?>? FindGroup { get; init; }

    /// <summary>The Welcome as the library made it.</summary>
    public Welcome Honest { get; }

    /// <summary>The tree in it.</summary>
    public ImmutableArray<Node?> Nodes { get; }

    public GroupInfo Info => _info;

    public Secret? PathSecret => _secrets.PathSecret;

    /// <summary>What the Welcome is for.</summary>
    public KeyPackage KeyPackage => _bundle.KeyPackage;

    /// <summary>Our own leaf's place in the tree.</summary>
    public LeafIndex Place
    {
        get
        {
            int index = Nodes.IndexOf(Nodes.Single(node => node is Node.Leaf leaf && leaf.LeafNode.EncryptionKey.Span.SequenceEqual(_bundle.KeyPackage.LeafNode.EncryptionKey.Span)));
            return new LeafIndex((uint)index / 2);
        }
    }

    /// <summary>Puts the Welcome together again. Without an argument it must be accepted like the honest one.</summary>
    public Welcome Make(
        Func<ImmutableArray<Node?>, ImmutableArray<Node?>>? changeTree = null,
        Func<GroupContext, GroupContext>? changeContext = null,
        Func<GroupInfo, GroupInfo>? changeInfo = null,
        Func<GroupInfo, GroupInfo>? changeSignedInfo = null,
        ImmutableArray<PreSharedKeyId>? psks = null,
        Secret? pathSecret = null,
        SignatureKeyPair? signer = null,
        Secret? joinerSecret = null,
        bool withPathSecret = true,
        bool withTree = true,
        string label = "GroupInfoTBS")
    {
        ImmutableArray<Node?> nodes = changeTree?.Invoke(Nodes) ?? Nodes;
        var tree = new RatchetTreeExtension(nodes);
        GroupContext context = _info.GroupContext with { TreeHash = RatchetTree.FromExtension(tree).TreeHash(_suite) };
        context = changeContext?.Invoke(context) ?? context;
        ImmutableArray<PreSharedKeyId> ids = psks ?? _secrets.Psks;
        using Secret pskSecret = PskSecretOf(ids);
        Secret joiner = joinerSecret ?? _secrets.JoinerSecret;
        using EpochSecrets epoch = KeySchedule.EpochSecrets(_suite, joiner, pskSecret, context.Encode());
        byte[] tag = _suite.Mac(epoch.ConfirmationKey.AsSpan(), context.ConfirmedTranscriptHash.Span);
        ImmutableArray<Extension> extensions = withTree ? [new Extension(ExtensionType.RatchetTree, tree.Encode())] : [];
        GroupInfo info = _info with { GroupContext = context, Extensions = extensions, ConfirmationTag = tag };
        info = changeInfo?.Invoke(info) ?? info;
        info = info with { Signature = (signer ?? _committer.Identity.Signer).Sign(_suite, label, info.EncodeToBeSigned()) };
        info = changeSignedInfo?.Invoke(info) ?? info;
        return SealSecrets(SealInfo(info.Encode(), joiner, pskSecret), ids, pathSecret ?? (withPathSecret ? _secrets.PathSecret : null), joiner);
    }

    /// <summary>The Welcome with a GroupInfo of any bytes.</summary>
    public Welcome MakeOf(byte[] groupInfo)
    {
        using Secret pskSecret = PskSecretOf(_secrets.Psks);
        return SealSecrets(SealInfo(groupInfo, _secrets.JoinerSecret, pskSecret), _secrets.Psks, _secrets.PathSecret);
    }

    /// <summary>Group secrets for an encrypted GroupInfo, which they are bound to.</summary>
    public Welcome SealSecrets(byte[] encryptedGroupInfo, ImmutableArray<PreSharedKeyId>? psks = null, Secret? pathSecret = null, Secret? joinerSecret = null)
    {
        using Secret encoded = GroupSecrets.Encode(joinerSecret ?? _secrets.JoinerSecret, pathSecret, psks ?? _secrets.Psks);
        return SealSecrets(encryptedGroupInfo, encoded.AsSpan().ToArray());
    }

    public Welcome SealSecrets(byte[] encryptedGroupInfo, byte[] secrets, string label = "Welcome", byte[]? context = null)
    {
        Assert.True(_suite.TryEncryptWithLabel(
            _bundle.KeyPackage.InitKey.Span, label, context ?? encryptedGroupInfo, secrets, out byte[] kemOutput, out byte[] ciphertext));
        var entry = new EncryptedGroupSecrets(_bundle.Reference, new HpkeCiphertext(kemOutput, ciphertext));
        return new Welcome(_suite.Id, [entry], encryptedGroupInfo);
    }

    public StagedWelcome Stage(Welcome welcome, RatchetTreeExtension? tree = null) =>
        StagedWelcome.Stage(Joiner.World.Config, Joiner.Identity, welcome, _bundle, tree, FindGroup);

    /// <summary>The group secrets of a Welcome as they were encrypted.</summary>
    public byte[] OpenSecrets(Welcome welcome)
    {
        HpkeCiphertext sealedSecrets = welcome.Secrets[0].Ciphertext;
        using Secret? opened = _suite.DecryptWithLabel(
            _bundle.InitPrivateKey.AsSpan(), KeyPackage.InitKey.Span, "Welcome", welcome.EncryptedGroupInfo.Span, sealedSecrets.KemOutput.Span, sealedSecrets.Ciphertext.Span);
        Assert.NotNull(opened);
        return opened.AsSpan().ToArray();
    }

    public void AssertAccepted(Welcome welcome, RatchetTreeExtension? tree = null)
    {
        using StagedWelcome staged = Stage(welcome, tree);
        Assert.Equal(Place, staged.Members.Single(member => member.Leaf.SignatureKey.Span.SequenceEqual(Joiner.Identity.Signer.PublicKey.Span)).Index);
    }

    public void AssertRefused(MlsError expected, Welcome welcome, RatchetTreeExtension? tree = null)
    {
        MlsError refused = Assert.Throws<MlsException>(() => Stage(welcome, tree)).Error;
        Assert.Equal(expected, refused);
    }

    public void Dispose() => _secrets.Dispose();

    private byte[] SealInfo(byte[] groupInfo, Secret joinerSecret, Secret pskSecret)
    {
        byte[] encrypted = new byte[groupInfo.Length + TagBytes];
        using Secret welcomeSecret = KeySchedule.WelcomeSecret(_suite, joinerSecret, pskSecret);
        using Secret key = WelcomeSealing.Key(_suite, welcomeSecret);
        using Secret nonce = WelcomeSealing.Nonce(_suite, welcomeSecret);
        _suite.Seal(key.AsSpan(), nonce.AsSpan(), [], groupInfo, encrypted);
        return encrypted;
    }

    private Secret PskSecretOf(ImmutableArray<PreSharedKeyId> ids)
    {
        var known = new List<(PreSharedKeyId Id, Secret Key)>();
        foreach (PreSharedKeyId id in ids)
            known.Add((id, _committer.World.Psks.Find(id) ?? new Secret(_suite.HashBytes)));
        return PskSecret.Compute(_suite, known);
    }
}
