using System.Text.Json;
using Google.Protobuf;
using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <content>Groups that follow another: reinitialization and branching (RFC 9420 §11.2, §11.3).</content>
internal sealed partial class ScenarioRun
{
    private void ReInit(JsonElement step)
    {
        string committer = step.Text("committer");
        string welcomer = step.Text("welcomer");
        string? proposer = step.OptionalText("proposer");
        string[] all = [.. step.Texts("members").Append(committer).Append(welcomer).Append(proposer ?? committer).Distinct(StringComparer.Ordinal)];
        ByteString proposal = proposer is null ? At(step.Int("externalReinitProposal"), "proposal") : ReInitProposal(proposer, step);

        // The old group's last Commit.
        ByteString commit = ClientOf(committer).ReInitCommit(new CommitRequest { StateId = _states[committer], ByReference = { proposal } }).Commit;
        var ended = new Dictionary<string, HandleReInitCommitResponse>(StringComparer.Ordinal)
        {
            [committer] = ClientOf(committer).HandlePendingReInitCommit(new HandlePendingCommitRequest { StateId = _states[committer] }),
        };
        foreach (string member in all.Where(member => member != committer))
        {
            HandleReInitCommitResponse response = ClientOf(member).HandleReInitCommit(
                new HandleCommitRequest { StateId = _states[member], Proposal = { proposal }, Commit = commit });
            Assert.Equal(ended[committer].EpochAuthenticator, response.EpochAuthenticator);
            ended.Add(member, response);
        }

        // The new group's first.
        string[] joiners = [.. all.Where(member => member != welcomer)];
        CreateSubgroupResponse created = ClientOf(welcomer).ReInitWelcome(new ReInitWelcomeRequest
        {
            ReinitId = ended[welcomer].ReinitId,
            KeyPackage = { joiners.Select(joiner => ended[joiner].KeyPackage) },
            ForcePath = step.Flag("forcePath"),
            ExternalTree = step.Flag("externalTree"),
        });
        _states[welcomer] = created.StateId;
        foreach (string joiner in joiners)
        {
            JoinGroupResponse joined = ClientOf(joiner).HandleReInitWelcome(
                new HandleReInitWelcomeRequest { ReinitId = ended[joiner].ReinitId, Welcome = created.Welcome, RatchetTree = created.RatchetTree });
            Assert.Equal(created.EpochAuthenticator, joined.EpochAuthenticator);
            _states[joiner] = joined.StateId;
        }
    }

    private ByteString ReInitProposal(string proposer, JsonElement step)
    {
        ChangeParameters(step);
        return ClientOf(proposer).ReInitProposal(new ReInitProposalRequest
        {
            StateId = _states[proposer],
            CipherSuite = _suite,
            GroupId = NewGroupId(step),
            Extensions = { step.Extensions() },
        }).Proposal;
    }

    private void ChangeParameters(JsonElement step)
    {
        if (!step.Flag("changeCiphersuite"))
            return;
        uint[] others = [.. clients[0].SupportedCiphersuites(new SupportedCiphersuitesRequest()).Ciphersuites.Where(suite => suite != _suite)];
        _suite = others[random.Next(others.Length)];
    }

    private ByteString NewGroupId(JsonElement step)
    {
        ByteString current = At(0, "group_id");
        return step.Flag("changeGroupID") ? ByteString.CopyFrom([.. current.Span, .. "++"u8]) : current;
    }

    private void Branch(string actor, JsonElement step)
    {
        string[] members = [.. step.Texts("members")];
        var keyPackages = new List<ByteString>();
        foreach (string member in members)
        {
            CreateKeyPackage(member);
            keyPackages.Add(Kept["key_package"]);
        }

        CreateSubgroupResponse created = ClientOf(actor).CreateBranch(new CreateBranchRequest
        {
            StateId = _states[actor],
            GroupId = Random(16),
            Extensions = { step.Extensions() },
            KeyPackages = { keyPackages },
            ForcePath = step.Flag("forcePath"),
            ExternalTree = step.Flag("externalTree"),
        });
        _states[actor] = created.StateId;
        foreach (string member in members)
        {
            HandleBranchResponse response = ClientOf(member).HandleBranch(new HandleBranchRequest
            {
                StateId = _states[member],
                TransactionId = _transactions[member],
                Welcome = created.Welcome,
                RatchetTree = created.RatchetTree,
            });
            Assert.Equal(created.EpochAuthenticator, response.EpochAuthenticator);
            _states[member] = response.StateId;
        }
    }
}
