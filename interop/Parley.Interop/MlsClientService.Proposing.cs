using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Parley.Interop.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Interop;

/// <content>Proposals of a member, as messages of their own or by value.</content>
public sealed partial class MlsClientService
{
    /// <inheritdoc/>
    public override Task<ProposalResponse> AddProposal(AddProposalRequest request, ServerCallContext context) =>
        Propose(request.StateId, participant => participant.Group.Propose(new Proposal.Add(Decode<MlsMessage.KeyPackage>(request.KeyPackage).Message), Now));

    /// <inheritdoc/>
    public override Task<ProposalResponse> UpdateProposal(UpdateProposalRequest request, ServerCallContext context) =>
        Propose(request.StateId, static participant => participant.Group.ProposeUpdate());

    /// <inheritdoc/>
    public override Task<ProposalResponse> RemoveProposal(RemoveProposalRequest request, ServerCallContext context) =>
        Propose(request.StateId, participant => participant.Group.Propose(new Proposal.Remove(LeafOf(participant.Group.Members, request.RemovedId)), Now));

    /// <inheritdoc/>
    public override Task<ProposalResponse> ExternalPSKProposal(ExternalPSKProposalRequest request, ServerCallContext context) =>
        Propose(request.StateId, participant => participant.Group.Propose(PreSharedKeyProposals.External(participant.Suite, request.PskId.Span), Now));

    /// <inheritdoc/>
    public override Task<ProposalResponse> ResumptionPSKProposal(ResumptionPSKProposalRequest request, ServerCallContext context) => Propose(
        request.StateId,
        participant => participant.Group.Propose(
            PreSharedKeyProposals.Resumption(participant.Suite, participant.Group.Context.GroupId.Span, request.EpochId), Now));

    /// <inheritdoc/>
    public override Task<ProposalResponse> GroupContextExtensionsProposal(GroupContextExtensionsProposalRequest request, ServerCallContext context) =>
        Propose(request.StateId, participant => participant.Group.Propose(new Proposal.GroupContextExtensions(Extensions(request.Extensions)), Now));

    /// <inheritdoc/>
    public override Task<ProposalResponse> ReInitProposal(ReInitProposalRequest request, ServerCallContext context) => Propose(
        request.StateId,
        participant => participant.Group.Propose(
            new Proposal.ReInit(request.GroupId.ToByteArray(), ProtocolVersion.Mls10, (CipherSuite)request.CipherSuite, Extensions(request.Extensions)), Now));

    private static LeafIndex LeafOf(IEnumerable<Member> members, ByteString identity) =>
        members.FirstOrDefault(member => Participant.IsOf(member.Leaf, identity.Span))?.Index ?? throw Refused("There is no member with this identity.");

    private Task<ProposalResponse> Propose(uint stateId, Func<Participant, byte[]> propose) =>
        Answer(() => new ProposalResponse { Proposal = ByteString.CopyFrom(propose(_participants[stateId])) });

    /// <summary>A proposal for a group, of which a member or one outside knows this.</summary>
    private Proposal Described(ProposalDescription description, GroupContext context, IEnumerable<Member> members)
    {
        var suite = new Mls.Crypto.CryptoSuite(crypto, context.CipherSuite);
        return Encoding.UTF8.GetString(description.ProposalType.Span) switch
        {
            "add" => new Proposal.Add(Decode<MlsMessage.KeyPackage>(description.KeyPackage).Message),
            "remove" => new Proposal.Remove(LeafOf(members, description.RemovedId)),
            "externalPSK" => PreSharedKeyProposals.External(suite, description.PskId.Span),
            "resumptionPSK" => PreSharedKeyProposals.Resumption(suite, context.GroupId.Span, description.EpochId),
            "groupContextExtensions" => new Proposal.GroupContextExtensions(Extensions(description.Extensions)),
            "reinit" => new Proposal.ReInit(
                description.GroupId.ToByteArray(), ProtocolVersion.Mls10, (CipherSuite)description.CipherSuite, Extensions(description.Extensions)),
            var type => throw Refused($"There is no proposal type '{type}'."),
        };
    }
}
