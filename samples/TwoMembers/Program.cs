using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;

const CipherSuite suite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;
var crypto = new NativeCryptoProvider(RandomSource.System);
var config = new GroupConfig { Crypto = crypto, Authentication = new TrustsEverybody() };
DateTimeOffset now = TimeProvider.System.GetUtcNow();

// Ada makes a group and adds Grace by the KeyPackage that Grace has published.
using Group ada = Group.Create(config, Identity("Ada"), suite, "garden"u8, []);
LeafIdentity grace = Identity("Grace");
using KeyPackageBundle bundle = KeyPackageBundle.Create(crypto, suite, grace, Lifetime.Between(now.AddHours(-1), now.AddDays(30)), []);
PendingCommit commit = ada.Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] }, now);
byte[] welcome = commit.Welcome!.Value.ToArray();
ada.MergePendingCommit(); // Once the Delivery Service has accepted commit.Message.

// Grace joins, and they talk. Before anything is sent or shown, TakeWrites() gives what must be stored with it.
using StagedWelcome staged = StagedWelcome.Stage(config, grace, ((MlsMessage.Welcome)Decode(welcome)).Message, bundle);
using Group joined = staged.Join();
byte[] sealedMessage = ada.Protect("The peas are up."u8);
var received = (Received.Application)joined.Process(Decode(sealedMessage), now);
Console.WriteLine(Encoding.UTF8.GetString(received.Data.Span));

// Grace renews her keys: a Commit, which Ada looks at and merges.
PendingCommit renewal = joined.Commit(new CommitOptions(), now);
ada.Merge(((Received.Commit)ada.Process(Decode(renewal.Message.ToArray()), now)).Staged);
joined.MergePendingCommit();
Console.WriteLine($"epoch {ada.Epoch}, agreed: {ada.EpochAuthenticator.AsSpan().SequenceEqual(joined.EpochAuthenticator)}");

LeafIdentity Identity(string name) => LeafIdentity.Create(crypto, suite, new Credential.Basic(Encoding.UTF8.GetBytes(name)));

static MlsMessage Decode(byte[] message) => MlsMessage.TryDecode(message, out MlsMessage? decoded, out _) ? decoded : throw new FormatException();

// The application says whom it believes; a real one checks certificates, as Parley's clients do.
internal sealed class TrustsEverybody : IAuthenticationService
{
    public bool IsValid(LeafNode leaf) => true;

    public bool IsSuccessor(LeafNode current, LeafNode successor) => true;
}
