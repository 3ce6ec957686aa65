using Parley.Client.Conversations;
using Parley.Client.Devices;
using Parley.Client.History;
using Parley.Client.Identity;
using Parley.Client.KeyPackages;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;

namespace Parley.Client.Engine;

/// <summary>What all parts of the engine share, and the step they are building. Reads go to the store, writes to the step's batch only.</summary>
internal sealed class EngineContext : IDisposable
{
    public EngineContext(ICryptoProvider crypto, IClientStore store, Profile profile)
    {
        Crypto = crypto;
        Store = store;
        Profile = profile;
        Settings = Settings.Load(store);
        Certificates = new CertificateCheck(crypto, profile.Identity.Certificate.Server);
        Accounts = new KnownAccounts(store);
        KeyPackages = new KeyPackagePool(crypto, profile.Identity, store);
        GroupConfig = MlsProfile.Config(crypto, new DeviceAuthentication(Certificates));
        Devices = new AccountDevices(this);
        Seeker = new HistorySeeker(this);
        Giver = new HistoryGiver(this);
    }

    public ICryptoProvider Crypto { get; }

    public IClientStore Store { get; }

    public Profile Profile { get; set; }

    public Settings Settings { get; set; }

    public CertificateCheck Certificates { get; }

    public KnownAccounts Accounts { get; }

    public KeyPackagePool KeyPackages { get; }

    public GroupConfig GroupConfig { get; }

    /// <summary>All conversations, those of no user's among them.</summary>
    public Dictionary<ConversationId, ConversationState> Conversations { get; } = [];

    public AccountDevices Devices { get; }

    public HistorySeeker Seeker { get; }

    public HistoryGiver Giver { get; }

    /// <summary>The step being built.</summary>
    public EngineStep Step { get; private set; } = new();

    public Handle Self => Profile.Identity.Certificate.Handle;

    public string Server => Profile.Identity.Certificate.Server;

    public StoreBatch Batch => Step.Batch;

    /// <summary>Ends the step and begins the next.</summary>
    public EngineStep TakeStep()
    {
        EngineStep taken = Step;
        Step = new EngineStep();
        return taken;
    }

    /// <summary>Meets the account key of a genuine certificate; a change is told in every conversation with the person when the step ends.</summary>
    public KnownAccounts.Meeting Meet(DeviceCertificate certificate, DateTimeOffset at)
    {
        KnownAccounts.Meeting meeting = Accounts.Meet(certificate, Batch);
        if (meeting != KnownAccounts.Meeting.AsKnown)
            Step.KeyChanges.Add((certificate.Handle, meeting, at));
        return meeting;
    }

    public byte[] Random(int count)
    {
        byte[] bytes = new byte[count];
        Crypto.FillRandom(bytes);
        return bytes;
    }

    public void Dispose() => Profile.Identity.Dispose();
}
