using Google.Protobuf;
using Grpc.Core;
using Parley.Interop.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;

namespace Parley.Interop;

/// <content>From outside of a group: external Commits and external proposals (RFC 9420 §12.4.3.2, §12.1.8).</content>
public sealed partial class MlsClientService
{
    /// <inheritdoc/>
    public override Task<ExternalJoinResponse> ExternalJoin(ExternalJoinRequest request, ServerCallContext context) => Answer(() =>
    {
        GroupInfo info = Decode<MlsMessage.GroupInfo>(request.GroupInfo).Message;
        Participant participant = Register(new Participant(crypto, info.GroupContext.CipherSuite, request.Identity.Memory), out uint number);
        foreach (PreSharedKey psk in request.Psks)
            participant.PreSharedKeys.Add(psk.PskId.Span, psk.PskSecret.Span);
        VerifiedGroupInfo group = VerifiedGroupInfo.Verify(participant.Config(request.EncryptHandshake), info, Tree(request.RatchetTree));
        var options = new ExternalCommitOptions
        {
            Replaces = request.RemovePrior ? LeafOf(group.Members, request.Identity) : null,
            PreSharedKeys = [.. request.Psks.Select(psk => PreSharedKeyProposals.External(participant.Suite, psk.PskId.Span))],
        };
        using PendingExternalCommit commit = group.Commit(participant.Identity, options, Now);
        participant.Enter(commit.Join());
        return new ExternalJoinResponse
        {
            StateId = number,
            Commit = ByteString.CopyFrom(commit.Message.Span),
            EpochAuthenticator = Authenticator(participant),
        };
    });

    /// <inheritdoc/>
    public override Task<NewMemberAddProposalResponse> NewMemberAddProposal(NewMemberAddProposalRequest request, ServerCallContext context) => Answer(() =>
    {
        GroupContext group = Decode<MlsMessage.GroupInfo>(request.GroupInfo).Message.GroupContext;
        Participant participant = Register(new Participant(crypto, group.CipherSuite, request.Identity.Memory), out uint number);
        participant.CreateKeyPackage(Now);
        byte[] proposal = ExternalProposals.Add(crypto, group.GroupId.Span, group.Epoch, participant.Bundle.KeyPackage, participant.Identity.Signer);
        return new NewMemberAddProposalResponse { TransactionId = number, Proposal = ByteString.CopyFrom(proposal) };
    });

    /// <inheritdoc/>
    public override Task<CreateExternalSignerResponse> CreateExternalSigner(CreateExternalSignerRequest request, ServerCallContext context) => Answer(() =>
    {
        var signer = SignatureKeyPair.Generate(crypto, new CryptoSuite(crypto, (CipherSuite)request.CipherSuite).Parameters.Signature);
        var sender = new ExternalSender(signer.PublicKey, new Credential.Basic(request.Identity.ToByteArray()));
        return new CreateExternalSignerResponse { SignerId = _signers.Add(signer), ExternalSender = ByteString.CopyFrom(sender.Encode()) };
    });

    /// <inheritdoc/>
    public override Task<ProposalResponse> AddExternalSigner(AddExternalSignerRequest request, ServerCallContext context) => Propose(request.StateId, participant =>
    {
        var added = DecodeStruct<ExternalSender>(request.ExternalSender.Span);
        var current = participant.Group.Context.Extensions;
        ExternalSenders? senders = SendersIn(participant.Group.Context);
        var replaced = new ExternalSenders([.. senders?.Senders ?? [], added]);
        return participant.Group.Propose(
            new Proposal.GroupContextExtensions(
                [.. current.Where(static extension => extension.Type != ExtensionType.ExternalSenders), new(ExtensionType.ExternalSenders, replaced.Encode())]),
            Now);
    });

    /// <inheritdoc/>
    public override Task<ProposalResponse> ExternalSignerProposal(ExternalSignerProposalRequest request, ServerCallContext context) => Answer(() =>
    {
        SignatureKeyPair signer = _signers[request.SignerId];
        GroupInfo info = Decode<MlsMessage.GroupInfo>(request.GroupInfo).Message;
        // Who is a member decides which leaf an identity has, so the GroupInfo is checked as if the group were joined.
        using var outsider = new Participant(crypto, info.GroupContext.CipherSuite, default);
        VerifiedGroupInfo group = VerifiedGroupInfo.Verify(outsider.Config(encryptsHandshake: false), info, Tree(request.RatchetTree));
        // The runner leaves signer_index at 0, whoever signs.
        int index = SendersIn(group.Context)?.Senders.ToList().FindIndex(sender => sender.SignatureKey.Span.SequenceEqual(signer.PublicKey.Span)) ?? -1;
        if (index < 0)
            throw Refused("The signer is none of the group's external senders.");
        Proposal proposal = Described(request.Description, group.Context, group.Members);
        byte[] message = ExternalProposals.Create(
            crypto, group.Context.CipherSuite, group.Context.GroupId.Span, group.Context.Epoch, (uint)index, proposal, signer);
        return new ProposalResponse { Proposal = ByteString.CopyFrom(message) };
    });

    private static ExternalSenders? SendersIn(GroupContext context) =>
        context.Extensions.Find(ExtensionType.ExternalSenders) is { } extension ? DecodeStruct<ExternalSenders>(extension.Data.Span) : null;
}
