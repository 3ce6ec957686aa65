using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using Parley.Interop.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;

namespace Parley.Interop;

/// <content>
/// Groups that continue another: reinitialization and branching (RFC 9420 §11.2, §11.3). The number of a reinitialization is that of
/// the participant in the new group.
/// </content>
public sealed partial class MlsClientService
{
    /// <inheritdoc/>
    public override Task<CommitResponse> ReInitCommit(CommitRequest request, ServerCallContext context) => Commit(request, context);

    /// <inheritdoc/>
    public override Task<HandleReInitCommitResponse> HandlePendingReInitCommit(HandlePendingCommitRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = _participants[request.StateId];
        participant.Group.MergePendingCommit();
        return Ended(participant);
    });

    /// <inheritdoc/>
    public override Task<HandleReInitCommitResponse> HandleReInitCommit(HandleCommitRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = _participants[request.StateId];
        Follow(participant, request);
        return Ended(participant);
    });

    /// <inheritdoc/>
    public override Task<CreateSubgroupResponse> ReInitWelcome(ReInitWelcomeRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant next = _participants[request.ReinitId];
        CommitOptions options = FirstCommit(request.KeyPackage, request.ForcePath, request.ExternalTree);
        return Created(request.ReinitId, next, next.Former.Group.Reinitialize(next.Identity, options, Now), request.ExternalTree);
    });

    /// <inheritdoc/>
    public override Task<JoinGroupResponse> HandleReInitWelcome(HandleReInitWelcomeRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant next = _participants[request.ReinitId];
        next.Join(Decode<MlsMessage.Welcome>(request.Welcome).Message, next.Former.EncryptsHandshake, Tree(request.RatchetTree));
        return new JoinGroupResponse { StateId = request.ReinitId, EpochAuthenticator = Authenticator(next) };
    });

    /// <inheritdoc/>
    public override Task<CreateSubgroupResponse> CreateBranch(CreateBranchRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant former = _participants[request.StateId];
        Participant next = Register(new Participant(crypto, former.Suite.Id, former.Name) { Former = former }, out uint number);
        CommitOptions options = FirstCommit(request.KeyPackages, request.ForcePath, request.ExternalTree);
        ContinuedGroup branch = former.Group.Branch(next.Identity, request.GroupId.Span, Extensions(request.Extensions), options, Now);
        return Created(number, next, branch, request.ExternalTree);
    });

    /// <inheritdoc/>
    public override Task<HandleBranchResponse> HandleBranch(HandleBranchRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant next = _participants[request.TransactionId];
        next.Former = _participants[request.StateId];
        next.Join(Decode<MlsMessage.Welcome>(request.Welcome).Message, next.Former.EncryptsHandshake, Tree(request.RatchetTree));
        return new HandleBranchResponse { StateId = request.TransactionId, EpochAuthenticator = Authenticator(next) };
    });

    private static CommitOptions FirstCommit(RepeatedField<ByteString> keyPackages, bool forcesPath, bool treeIsApart) => new()
    {
        Proposals = [.. keyPackages.Select(static keyPackage => new Proposal.Add(Decode<MlsMessage.KeyPackage>(keyPackage).Message))],
        ForcesPath = forcesPath,
        WelcomeHasRatchetTree = !treeIsApart,
    };

    private HandleReInitCommitResponse Ended(Participant participant)
    {
        Proposal.ReInit reInit = participant.Group.ReInit ?? throw Refused("The Commit does not reinitialize the group.");
        Participant next = Register(new Participant(crypto, reInit.CipherSuite, participant.Name) { Former = participant }, out uint number);
        next.CreateKeyPackage(Now);
        return new HandleReInitCommitResponse
        {
            ReinitId = number,
            KeyPackage = Encoded(next.Bundle),
            EpochAuthenticator = Authenticator(participant),
        };
    }

    private static CreateSubgroupResponse Created(uint number, Participant next, ContinuedGroup created, bool treeIsApart)
    {
        next.Enter(created.Group);
        return new CreateSubgroupResponse
        {
            StateId = number,
            Welcome = created.Welcome is { } welcome ? ByteString.CopyFrom(welcome.Span) : ByteString.Empty,
            RatchetTree = treeIsApart ? ByteString.CopyFrom(created.Group.ExportRatchetTree().Encode()) : ByteString.Empty,
            EpochAuthenticator = Authenticator(next),
        };
    }
}
