using System.Text.Json;
using Google.Protobuf;
using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>
/// Plays one script as the official test runner does: each actor is played by one of the clients, and whenever an epoch begins all of its
/// members must have the same epoch authenticator.
/// </summary>
internal sealed partial class ScenarioRun(IReadOnlyList<MLSClient.MLSClientClient> clients, uint suite, bool encryptsHandshake, Random random)
{
    private readonly Dictionary<string, MLSClient.MLSClientClient> _clients = new(StringComparer.Ordinal);
    private readonly Dictionary<string, uint> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, uint> _transactions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, uint> _signers = new(StringComparer.Ordinal);
    private readonly List<Dictionary<string, ByteString>> _kept = [];
    private uint _suite = suite;

    private Dictionary<string, ByteString> Kept => _kept[^1];

    public void Play(Scenario scenario)
    {
        foreach (JsonElement step in scenario.Steps)
        {
            _kept.Add([]);
            try
            {
                Play(step);
            }
            catch (Exception failed)
            {
                // Which step it was is what one needs to know first.
                throw new InvalidOperationException($"{scenario.Name}, step {_kept.Count - 1} ({step}): {failed.Message}", failed);
            }
        }
    }

    private void Play(JsonElement step)
    {
        string actor = step.OptionalText("actor") ?? "";
        switch (step.Text("action"))
        {
            case "createGroup":
                CreateGroup(actor, step.Texts("members"));
                break;
            case "createKeyPackage":
                CreateKeyPackage(actor);
                break;
            case "installExternalPSK":
                InstallPsk(step.Texts("clients"));
                break;
            case "fullCommit":
                Commit(actor, step);
                break;
            case "protect":
                Protect(actor, step);
                break;
            case "unprotect":
                UnprotectResponse opened = ClientOf(actor).Unprotect(new UnprotectRequest { StateId = _states[actor], Ciphertext = At(step.Int("ciphertext"), "ciphertext") });
                Assert.Equal(At(step.Int("ciphertext"), "authenticated_data"), opened.AuthenticatedData);
                Assert.Equal(At(step.Int("ciphertext"), "plaintext"), opened.Plaintext);
                break;
            case "reinit":
                ReInit(step);
                break;
            case "branch":
                Branch(actor, step);
                break;
            case "externalJoin":
                ExternalJoin(actor, step);
                break;
            case "newMemberAddProposal":
                NewMemberAddProposal(actor, step.Text("joiner"));
                break;
            case "addExternalSigner":
                AddExternalSigner(actor, step.Text("signer"));
                break;
            case "externalSignerProposal":
                ExternalSignerProposal(actor, step);
                break;
            default:
                Kept["proposal"] = Propose(ClientOf(actor), _states[actor], step);
                break;
        }
    }

    private MLSClient.MLSClientClient ClientOf(string actor)
    {
        if (!_clients.TryGetValue(actor, out MLSClient.MLSClientClient? client))
        {
            client = clients[random.Next(clients.Count)];
            _clients.Add(actor, client);
        }

        return client;
    }

    private ByteString At(int step, string what) => _kept[step][what];

    private static ByteString Identity(string actor) => ByteString.CopyFromUtf8(actor);

    private ByteString Random(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private void CreateGroup(string actor, IReadOnlyList<string> members)
    {
        Kept["group_id"] = Random(16);
        var request = new CreateGroupRequest { GroupId = Kept["group_id"], CipherSuite = _suite, EncryptHandshake = encryptsHandshake, Identity = Identity(actor) };
        _states[actor] = ClientOf(actor).CreateGroup(request).StateId;
        if (members.Count == 0)
            return;
        var commit = new CommitRequest { StateId = _states[actor] };
        foreach (string member in members)
        {
            CreateKeyPackage(member);
            commit.ByValue.Add(new ProposalDescription { ProposalType = ByteString.CopyFromUtf8("add"), KeyPackage = Kept["key_package"] });
        }

        ByteString welcome = ClientOf(actor).Commit(commit).Welcome;
        ByteString authenticator = HandlePending(actor);
        foreach (string member in members)
            Join(member, welcome, ByteString.Empty, authenticator);
    }

    private void CreateKeyPackage(string actor)
    {
        CreateKeyPackageResponse response = ClientOf(actor).CreateKeyPackage(new CreateKeyPackageRequest { CipherSuite = _suite, Identity = Identity(actor) });
        _transactions[actor] = response.TransactionId;
        Kept["key_package"] = response.KeyPackage;
    }

    private void InstallPsk(IReadOnlyList<string> actors)
    {
        Kept["psk_id"] = Random(32);
        Kept["psk_secret"] = Random(32);
        foreach (string actor in actors)
        {
            uint number = _states.TryGetValue(actor, out uint state) ? state : _transactions[actor];
            ClientOf(actor).StorePSK(new StorePSKRequest { StateOrTransactionId = number, PskId = Kept["psk_id"], PskSecret = Kept["psk_secret"] });
        }
    }

    private void Commit(string actor, JsonElement step)
    {
        ByteString[] byReference = [.. step.Ints("byReference").Select(index => At(index, "proposal"))];
        var request = new CommitRequest { StateId = _states[actor], ForcePath = step.Flag("forcePath"), ExternalTree = step.Flag("externalTree") };
        request.ByReference.AddRange(byReference);
        request.ByValue.AddRange(step.Items("byValue").Select(Described));
        CommitResponse commit = ClientOf(actor).Commit(request);
        ByteString authenticator = HandlePending(actor);
        Handle(step.Texts("members"), commit.Commit, byReference, authenticator);
        foreach (string joiner in step.Texts("joiners"))
            Join(joiner, commit.Welcome, commit.RatchetTree, authenticator);
    }

    private ByteString HandlePending(string actor)
    {
        HandleCommitResponse response = ClientOf(actor).HandlePendingCommit(new HandlePendingCommitRequest { StateId = _states[actor] });
        _states[actor] = response.StateId;
        return response.EpochAuthenticator;
    }

    private void Handle(IEnumerable<string> members, ByteString commit, IEnumerable<ByteString> proposals, ByteString authenticator)
    {
        foreach (string member in members)
        {
            HandleCommitResponse response = ClientOf(member).HandleCommit(new HandleCommitRequest { StateId = _states[member], Commit = commit, Proposal = { proposals } });
            Assert.Equal(authenticator, response.EpochAuthenticator);
            _states[member] = response.StateId;
        }
    }

    private void Join(string joiner, ByteString welcome, ByteString ratchetTree, ByteString authenticator)
    {
        JoinGroupResponse response = ClientOf(joiner).JoinGroup(new JoinGroupRequest
        {
            TransactionId = _transactions[joiner],
            Welcome = welcome,
            RatchetTree = ratchetTree,
            EncryptHandshake = encryptsHandshake,
            Identity = Identity(joiner),
        });
        Assert.Equal(authenticator, response.EpochAuthenticator);
        _states[joiner] = response.StateId;
    }

    private void Protect(string actor, JsonElement step)
    {
        Kept["authenticated_data"] = ByteString.CopyFromUtf8(step.Text("authenticatedData"));
        Kept["plaintext"] = ByteString.CopyFromUtf8(step.Text("plaintext"));
        var request = new ProtectRequest { StateId = _states[actor], AuthenticatedData = Kept["authenticated_data"], Plaintext = Kept["plaintext"] };
        Kept["ciphertext"] = ClientOf(actor).Protect(request).Ciphertext;
    }
}
