using Parley.Client;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages;
using Parley.Mls.Native;
using Parley.Server.KeyPackages;

namespace Parley.Simulation.Core;

/// <summary>
/// People who have signed up and whose KeyPackages are with the server: the same in every world, made once in a process, because making two
/// hundred KeyPackages for each takes longer than all the rest of a run.
/// </summary>
internal sealed class Genesis
{
    public const string ServerName = "parley.test";

    private static readonly string[] Names = ["alice", "bob", "carol", "dave", "erin"];

    private static readonly Lazy<Genesis> Made = new(static () => new Genesis());

    private Genesis()
    {
        DateTimeOffset now = new Agenda().Now;
        People = [.. Names.Select(name => Create(name, now))];
    }

    public static IReadOnlyList<Person> All => Made.Value.People;

    private IReadOnlyList<Person> People { get; }

    private static Person Create(string name, DateTimeOffset now)
    {
        var crypto = new NativeCryptoProvider(Chance.Of(0, "genesis/" + name));
        using var store = new MemoryClientStore();
        if (!Handle.TryParse(name, out Handle? handle))
            throw new InvalidOperationException("The names are handles.");
        LocalIdentity identity = LocalIdentity.Create(crypto, handle, ServerName, now);
        var batch = new StoreBatch();
        new Profile(identity, new Uri("http://" + ServerName), IsRegistered: true, Nickname: "").Save(batch);
        store.Write(batch);
        using ClientEngine engine = ClientEngine.Load(crypto, store) ?? throw new InvalidOperationException("The profile was just written.");
        var keyPackages = new List<CheckedKeyPackage>();
        foreach (CipherSuite suite in MlsProfile.Suites)
        {
            foreach (byte[] encoded in engine.StockKnown(suite, 0, hasLastResort: false, now))
                keyPackages.Add(KeyPackageCheck.TryCheck(encoded, identity.Certificate, now, out CheckedKeyPackage? good) ? good : throw new InvalidOperationException("A KeyPackage of ours is refused."));
        }

        engine.StockAdded(now);
        store.Write(engine.TakeStep().Batch);
        identity.Dispose();
        return new Person(identity.Certificate, keyPackages, store.Read(new StoreRange(ReadOnlyMemory<byte>.Empty)));
    }
}

/// <summary>Someone who has signed up, with one device.</summary>
internal sealed record Person(DeviceCertificate Certificate, IReadOnlyList<CheckedKeyPackage> KeyPackages, IReadOnlyList<StoreEntry> Stored);
