using System.Text.Json;
using Google.Protobuf;
using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <content>Proposals of members and of those outside, and joining by external Commit.</content>
internal sealed partial class ScenarioRun
{
    private ByteString Propose(MLSClient.MLSClientClient client, uint state, JsonElement step)
    {
        ProposalResponse response = step.Text("action") switch
        {
            "addProposal" => client.AddProposal(new AddProposalRequest { StateId = state, KeyPackage = At(step.Int("keyPackage"), "key_package") }),
            "updateProposal" => client.UpdateProposal(new UpdateProposalRequest { StateId = state }),
            "removeProposal" => client.RemoveProposal(new RemoveProposalRequest { StateId = state, RemovedId = Identity(step.Text("removed")) }),
            "externalPSKProposal" => client.ExternalPSKProposal(new ExternalPSKProposalRequest { StateId = state, PskId = At(step.Int("pskID"), "psk_id") }),
            "resumptionPSKProposal" => client.ResumptionPSKProposal(new ResumptionPSKProposalRequest { StateId = state, EpochId = (ulong)step.Int("epochID") }),
            "groupContextExtensionsProposal" => client.GroupContextExtensionsProposal(
                new GroupContextExtensionsProposalRequest { StateId = state, Extensions = { step.Extensions() } }),
            var action => throw new FormatException($"No such action: {action}"),
        };
        return response.Proposal;
    }

    private ProposalDescription Described(JsonElement proposal)
    {
        string type = proposal.Text("proposalType");
        var description = new ProposalDescription { ProposalType = ByteString.CopyFromUtf8(type) };
        switch (type)
        {
            case "add":
                description.KeyPackage = At(proposal.Int("keyPackage"), "key_package");
                break;
            case "remove":
                description.RemovedId = Identity(proposal.Text("removed"));
                break;
            case "externalPSK":
                description.PskId = At(proposal.Int("pskID"), "psk_id");
                break;
            case "resumptionPSK":
                description.EpochId = (ulong)proposal.Int("epochID");
                break;
            case "groupContextExtensions":
                description.Extensions.AddRange(proposal.Extensions());
                break;
            case "reinit":
                ChangeParameters(proposal);
                description.CipherSuite = _suite;
                description.GroupId = NewGroupId(proposal);
                description.Extensions.AddRange(proposal.Extensions());
                break;
            default:
                throw new FormatException($"No such proposal: {type}");
        }

        return description;
    }

    private void ExternalJoin(string actor, JsonElement step)
    {
        GroupInfoResponse info = GroupInfoOf(actor, step.Flag("externalTree"));
        string joiner = step.Text("joiner");
        ExternalJoinResponse response = ClientOf(joiner).ExternalJoin(new ExternalJoinRequest
        {
            GroupInfo = info.GroupInfo,
            RatchetTree = info.RatchetTree,
            EncryptHandshake = encryptsHandshake,
            Identity = Identity(joiner),
            RemovePrior = step.Flag("removePrior"),
            Psks = { step.Ints("psks").Select(index => new PreSharedKey { PskId = At(index, "psk_id"), PskSecret = At(index, "psk_secret") }) },
        });
        _states[joiner] = response.StateId;
        Handle([.. step.Texts("members"), actor], response.Commit, [], response.EpochAuthenticator);
    }

    private void NewMemberAddProposal(string actor, string joiner)
    {
        NewMemberAddProposalResponse response = ClientOf(joiner).NewMemberAddProposal(
            new NewMemberAddProposalRequest { GroupInfo = GroupInfoOf(actor, externalTree: false).GroupInfo, Identity = Identity(joiner) });
        _transactions[joiner] = response.TransactionId;
        Kept["proposal"] = response.Proposal;
    }

    private void AddExternalSigner(string actor, string signer)
    {
        CreateExternalSignerResponse response = ClientOf(signer).CreateExternalSigner(new CreateExternalSignerRequest { CipherSuite = _suite, Identity = Identity(signer) });
        _signers[signer] = response.SignerId;
        Kept["proposal"] = ClientOf(actor).AddExternalSigner(new AddExternalSignerRequest { StateId = _states[actor], ExternalSender = response.ExternalSender }).Proposal;
    }

    private void ExternalSignerProposal(string signer, JsonElement step)
    {
        GroupInfoResponse info = GroupInfoOf(step.Text("member"), externalTree: true);
        Kept["proposal"] = ClientOf(signer).ExternalSignerProposal(new ExternalSignerProposalRequest
        {
            SignerId = _signers[signer],
            GroupInfo = info.GroupInfo,
            RatchetTree = info.RatchetTree,
            Description = Described(step.Part("description")),
        }).Proposal;
    }

    private GroupInfoResponse GroupInfoOf(string actor, bool externalTree) =>
        ClientOf(actor).GroupInfo(new GroupInfoRequest { StateId = _states[actor], ExternalTree = externalTree });
}
