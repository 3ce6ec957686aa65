using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Memory;

namespace Parley.Mls.Tests.Groups;

/// <summary>One client of a <see cref="World"/>, with the store its group is written to after each operation.</summary>
internal sealed class Client(World world, string name, LeafIdentity identity) : IDisposable
{
    private readonly List<KeyPackageBundle> _bundles = [];
    private readonly List<LeafIdentity> _identities = [identity];
    private Group? _group;
    private PendingExternalCommit? _external;

    public World World { get; } = world;

    public string Name { get; } = name;

    /// <summary>The one in use in the group, if the client is in one.</summary>
    public LeafIdentity Identity => _group?.Identity ?? _identities[0];

    public GroupStore Store { get; private set; } = new() { KeepsDeleted = world.StoresKeepDeleted };

    /// <summary>The world's, unless this client has its own.</summary>
    public GroupConfig Config { get; set; } = world.Config;

    public bool HasGroup => _group is not null;

    /// <summary>Looks for secrets that should be gone after each operation, if this client is watched.</summary>
    public SecretWatch? Watch { get; private set; }

    public Group Group => _group ?? throw new InvalidOperationException("The client is in no group.");

    public LeafIndex Index => Group.OwnLeafIndex;

    /// <summary>From now on every secret this client derives is remembered, and looked for once it must be gone.</summary>
    /// <param name="psks">Keys that the client knows already.</param>
    public void Observe(params ReadOnlySpan<byte[]> psks)
    {
        Watch = new SecretWatch(World.Suite.Provider);
        Config = World.ConfigWith(Watch.Recorder);
        foreach (byte[] psk in psks)
            Watch.Recorder.Learn(psk, "psk");
    }

    public void Create(params Extension[] extensions)
    {
        _group = Group.Create(Config, Identity, World.Suite.Id, World.GroupId, [.. extensions]);
        Save();
    }

    public KeyPackageBundle NewKeyPackage(Lifetime? lifetime = null, params Extension[] extensions)
    {
        ulong now = (ulong)World.Now.ToUnixTimeSeconds();
        lifetime ??= new Lifetime(now - 3600, now + 3600);
        var bundle = KeyPackageBundle.Create(Config.Crypto, World.Suite.Id, Identity, lifetime, [.. extensions]);
        _bundles.Add(bundle);
        return bundle;
    }

    public KeyPackageBundle? BundleOf(ReadOnlyMemory<byte> reference) => _bundles.Find(bundle => bundle.Reference.Span.SequenceEqual(reference.Span));

    public void Join(Welcome welcome, RatchetTreeExtension? tree = null, Func<ReadOnlyMemory<byte>, Group?>? findGroup = null)
    {
        KeyPackageBundle bundle = _bundles.Single(candidate => welcome.Secrets.Any(entry => entry.NewMember.Span.SequenceEqual(candidate.Reference.Span)));

        // The client's key may have been renewed since the KeyPackage was made; it has both.
        LeafIdentity joining = _identities.Find(known => known.Signer.PublicKey.Span.SequenceEqual(bundle.KeyPackage.LeafNode.SignatureKey.Span))!;
        using StagedWelcome staged = StagedWelcome.Stage(Config, joining, welcome, bundle, tree, findGroup);
        Enter(staged.Join());
        Drop(bundle);
    }

    /// <summary>Deletes a KeyPackage that was used.</summary>
    public void Drop(KeyPackageBundle bundle)
    {
        _bundles.Remove(bundle);
        bundle.Dispose();
    }

    /// <summary>Takes a group that begins, instead of the one there was.</summary>
    public void Enter(Group group)
    {
        Store = new GroupStore { KeepsDeleted = World.StoresKeepDeleted };
        _group?.Dispose();
        _group = group;
        Watch?.Joined(group);
        Save();
    }

    /// <summary>Makes an external Commit; <see cref="JoinExternally"/> is for when it was accepted.</summary>
    public byte[] CommitExternally(byte[] groupInfo, ExternalCommitOptions? options = null, RatchetTreeExtension? tree = null)
    {
        GroupInfo info = Assert.IsType<MlsMessage.GroupInfo>(Decode(groupInfo)).Message;
        _external?.Dispose();
        _external = VerifiedGroupInfo.Verify(Config, info, tree).Commit(Identity, options ?? new ExternalCommitOptions(), World.Now);
        if (World.Restarts)
        {
            byte[] stored = _external.Serialize();
            _external.Dispose();
            _external = PendingExternalCommit.Restore(Config, Identity, stored);
        }

        return _external.Message.ToArray();
    }

    public void JoinExternally()
    {
        Enter(_external!.Join()); // Made before.
        _external = null;
    }

    /// <summary>Makes a fresh signature key, under which the client goes by another name if one is given.</summary>
    public LeafIdentity NewIdentity(string? newName = null)
    {
        var signer = SignatureKeyPair.Generate(World.Suite.Provider, World.Suite.Parameters.Signature);
        LeafIdentity renewed = Identity with { Signer = signer };
        if (newName is not null)
            renewed = renewed with { Credential = new Credential.Basic(Encoding.UTF8.GetBytes(newName)) };
        _identities.Add(renewed);
        return renewed;
    }

    public PendingCommit Commit(CommitOptions? options = null)
    {
        Watch?.Begin(Group, Purpose.Commit);
        Group.Commit(options ?? new CommitOptions(), World.Now);
        Save();
        return Group.Pending!; // Just made, and restored if the world restarts.
    }

    public void Merge()
    {
        Group.MergePendingCommit();
        Save();
    }

    public void Clear()
    {
        Group.ClearPendingCommit();
        Save();
    }

    public byte[] Propose(Func<Group, byte[]> propose)
    {
        Watch?.Begin(Group, Purpose.Update);
        byte[] message = propose(Group);
        Save();
        return message;
    }

    /// <summary>The secret of a component, by the safe exporter.</summary>
    public byte[] ExportSafely(ComponentId component, bool isStored = true)
    {
        using Secret secret = Group.SafeExportSecret(component);
        byte[] exported = secret.AsSpan().ToArray();
        Watch?.Recorder.Exported(exported);
        if (isStored)
            Save();
        else
            Restart();
        return exported;
    }

    public byte[] Send(string text)
    {
        byte[] message = Group.Protect(Encoding.UTF8.GetBytes(text));
        Save();
        return message;
    }

    public string Read(byte[] message) => Encoding.UTF8.GetString(Assert.IsType<Received.Application>(Receive(message)).Data.Span);

    /// <summary>Processes a message; a Commit is merged.</summary>
    public Received Receive(byte[] message) => Receive(Decode(message));

    public Received Receive(MlsMessage message)
    {
        Received received = Group.Process(message, World.Now);
        if (received is Received.Commit commit)
            Group.Merge(commit.Staged);
        Save();
        return received;
    }

    /// <summary>The message is refused for exactly this reason, and nothing has changed.</summary>
    public void Refuses(MlsError expected, byte[] message) => Refuses(expected, Decode(message));

    public void Refuses(MlsError expected, MlsMessage message)
    {
        byte[] authenticator = Group.EpochAuthenticator;
        ulong epoch = Group.Epoch;
        MlsError refused = Assert.Throws<MlsException>(() => Group.Process(message, World.Now)).Error;
        Assert.Equal(expected, refused);
        Assert.Empty(Group.TakeWrites());
        Assert.Equal(epoch, Group.Epoch);
        Assert.Equal(authenticator, Group.EpochAuthenticator);
    }

    /// <summary>A Commit of our own cannot be made, for exactly this reason, and nothing has changed.</summary>
    public void CannotCommit(MlsError expected, CommitOptions options)
    {
        MlsError refused = Assert.Throws<MlsException>(() => Group.Commit(options, World.Now)).Error;
        Assert.Equal(expected, refused);
        Assert.Empty(Group.TakeWrites());
        Assert.Null(Group.Pending);
    }

    /// <summary>Puts the group away and restores it from its store.</summary>
    public void Restart()
    {
        _group?.Dispose();
        _group = Group.Restore(Config, _identities, Store.Entries);
    }

    /// <summary>A group of its own, as another who has got hold of the store would have it.</summary>
    public Group Copy() => Group.Restore(World.Config, _identities, Store.Entries);

    public void Save()
    {
        Store.Apply(Group.TakeWrites());
        Watch?.Check(this);
        if (World.Restarts)
            Restart();
    }

    public void Dispose()
    {
        _group?.Dispose();
        _external?.Dispose();
        _bundles.ForEach(static bundle => bundle.Dispose());
        _identities.ForEach(static identity => identity.Signer.Dispose());
    }

    private static MlsMessage Decode(byte[] message)
    {
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out DecodeError error), $"{error}");
        return decoded;
    }
}
