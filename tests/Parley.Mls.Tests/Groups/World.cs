using System.Collections.Immutable;
using System.Text;
using Parley.Mls.Components;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// The clients of one group and a Delivery Service that hands each message to all of them. With <see cref="Restarts"/> every client is
/// put away and restored from what it has stored after each single operation, so that a scenario that passes both ways shows that the
/// writes are the whole state.
/// </summary>
/// <param name="suite">The group's suite.</param>
/// <param name="random">Where all keys come from, if not from the system.</param>
internal sealed class World(CipherSuite suite, RandomSource? random = null) : IDisposable
{
    public const CipherSuite DefaultSuite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;

    private readonly List<Client> _clients = [];
    private GroupConfig? _config;

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Capabilities DefaultCapabilities { get; } = new(
        [ProtocolVersion.Mls10],
        [.. CipherSuites.All.Select(static suite => suite.Id)],
        [],
        [],
        [CredentialType.Basic]);

    public CryptoSuite Suite { get; } = new(random is null ? Suites.Provider : new NativeCryptoProvider(random), suite);

    public bool Restarts { get; init; }

    /// <summary>A fault for a test to find: no store deletes anything.</summary>
    public bool StoresKeepDeleted { get; init; }

    /// <summary>Whether clients send values that mean nothing. Not where a test replaces a part of what was sent.</summary>
    public bool SendsGrease { get; init; }

    /// <summary>What a client supports if nothing else is said.</summary>
    public Capabilities Capabilities { get; init; } = DefaultCapabilities;

    public WireFormat HandshakeFormat { get; init; } = WireFormat.PrivateMessage;

    public int PastEpochsMax { get; init; } = 5;

    public int ForwardGenerationsMax { get; init; } = 1000;

    public int SkippedKeysMax { get; init; } = 100;

    public int ThreadsMax { get; init; } = 2;

    public byte[] GroupId { get; init; } = "group"u8.ToArray();

    public Dictionary<ComponentId, IAppComponent> Components { get; } = [];

    public Judge Judge { get; } = new();

    public KnownPsks Psks { get; } = new();

    /// <summary>All clients there are, in the order they were made.</summary>
    public IReadOnlyList<Client> Clients => _clients;

    /// <summary>Those in the group.</summary>
    public List<Client> Members { get; } = [];

    public Client this[int member] => Members[member];

    public GroupConfig Config => _config ??= ConfigWith(Suite.Provider);

    public GroupConfig ConfigWith(ICryptoProvider crypto) => new()
    {
        Crypto = crypto,
        Authentication = Judge,
        PreSharedKeys = Psks,
        Components = Components,
        HandshakeFormat = HandshakeFormat,
        PastEpochsMax = PastEpochsMax,
        ForwardGenerationsMax = ForwardGenerationsMax,
        SkippedKeysMax = SkippedKeysMax,
        ThreadsMax = ThreadsMax,
    };

    /// <summary>A client that is in no group yet.</summary>
    public Client NewClient(string? name = null, Capabilities? capabilities = null, Credential? credential = null, ImmutableArray<Extension> extensions = default,
        Func<SignatureKeyPair, Credential>? certify = null)
    {
        name ??= $"client {_clients.Count}";
        var signer = SignatureKeyPair.Generate(Suite.Provider, Suite.Parameters.Signature);
        credential ??= certify?.Invoke(signer) ?? new Credential.Basic(Encoding.UTF8.GetBytes(name));
        var identity = new LeafIdentity(signer, credential, capabilities ?? Capabilities, extensions.IsDefault ? [] : extensions) { SendsGrease = SendsGrease };
        var client = new Client(this, name, identity);
        _clients.Add(client);
        return client;
    }

    /// <summary>Makes the group, with its creator at leaf 0 and all others added by one Commit.</summary>
    public World WithMembers(int count, params Extension[] extensions)
    {
        Client creator = NewClient();
        creator.Create(extensions);
        Members.Add(creator);
        if (count > 1)
            Add(creator, count - 1);
        return this;
    }

    /// <summary>Each member commits once, so that every parent node is set.</summary>
    public World Filled()
    {
        foreach (Client member in Members.ToArray())
            Commit(member);
        return this;
    }

    /// <summary>The members have merged the client's external Commit: it is one of them, and all agree.</summary>
    public void Joins(Client joiner)
    {
        joiner.JoinExternally();
        Members.Add(joiner);
        AssertAgreement();
    }

    public void Add(Client committer, int count, CommitOptions? options = null)
    {
        Proposal[] adds = [.. Enumerable.Range(0, count).Select(_ => AddOf(NewClient()))];
        Commit(committer, (options ?? new CommitOptions()) with { Proposals = adds });
    }

    public static Proposal AddOf(Client client) => new Proposal.Add(client.NewKeyPackage().KeyPackage);

    public static Proposal RemoveOf(Client client) => new Proposal.Remove(client.Index);

    public void Commit(Client committer, params Proposal[] proposals) => Commit(committer, new CommitOptions { Proposals = proposals });

    /// <summary>One member commits, all others follow, those who are added join; then all must agree.</summary>
    public void Commit(Client committer, CommitOptions options)
    {
        PendingCommit pending = committer.Commit(options);
        Deliver(committer, pending.Message.ToArray(), pending.Welcome?.ToArray(), options.WelcomeHasRatchetTree);
    }

    public void Deliver(Client committer, byte[] commit, byte[]? welcome, bool welcomeHasRatchetTree)
    {
        foreach (Client member in Members)
        {
            if (member != committer)
                member.Receive(commit);
        }

        committer.Merge();
        Members.RemoveAll(static member => member.Group.IsRemoved);
        if (welcome is not null)
            Welcome(welcome, welcomeHasRatchetTree ? null : committer.Group.ExportRatchetTree());
        AssertAgreement();
    }

    /// <summary>A proposal of a member goes to all, its sender among them.</summary>
    public void Propose(byte[] proposal)
    {
        foreach (Client member in Members)
            member.Receive(proposal);
    }

    public void AssertAgreement()
    {
        byte[] context = Members[0].Group.Context.Encode();
        byte[] authenticator = Members[0].Group.EpochAuthenticator;
        foreach (Client member in Members)
        {
            Assert.Equal(context, member.Group.Context.Encode());
            Assert.Equal(authenticator, member.Group.EpochAuthenticator);
            Assert.Equal(Members.Count, member.Group.MemberCount);
            using Secret expected = Members[0].Group.Export("label", "context"u8, 32);
            using Secret exported = member.Group.Export("label", "context"u8, 32);
            Assert.True(expected.AsSpan().SequenceEqual(exported.AsSpan()));
        }
    }

    /// <summary>Everyone's message reaches everyone: the group works.</summary>
    public void AssertTalk()
    {
        foreach (Client sender in Members)
        {
            byte[] message = sender.Send($"hello from {sender.Name}");
            foreach (Client member in Members)
            {
                if (member != sender)
                    Assert.Equal($"hello from {sender.Name}", member.Read(message));
            }
        }
    }

    /// <summary>After a refusal: the group goes on as if nothing had come.</summary>
    public void AssertUnharmed()
    {
        Commit(Members[^1]);
        AssertTalk();
    }

    public void Dispose() => _clients.ForEach(static client => client.Dispose());

    private void Welcome(byte[] welcome, RatchetTreeExtension? tree)
    {
        Assert.True(MlsMessage.TryDecode(welcome, out MlsMessage? decoded, out _));
        Welcome message = Assert.IsType<MlsMessage.Welcome>(decoded).Message;
        foreach (EncryptedGroupSecrets entry in message.Secrets)
        {
            Client joiner = _clients.Single(client => client.BundleOf(entry.NewMember) is not null);
            joiner.Join(message, tree);
            Members.Add(joiner);
        }
    }
}
