using Google.Protobuf;
using Grpc.Core;
using Parley.Interop.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop;

/// <content>Commits of a member, and those it follows.</content>
public sealed partial class MlsClientService
{
    /// <inheritdoc/>
    public override Task<CommitResponse> Commit(CommitRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = _participants[request.StateId];
        Receive(participant, request.ByReference);
        var options = new CommitOptions
        {
            Proposals = [.. request.ByValue.Select(description => Described(description, participant.Group.Context, participant.Group.Members))],
            ForcesPath = request.ForcePath,
            WelcomeHasRatchetTree = !request.ExternalTree,
        };
        PendingCommit pending = participant.Group.Commit(options, Now);
        if (pending.Staged.Proposals.Count != request.ByReference.Count + request.ByValue.Count)
            throw Refused("Not all of these proposals can stand in one Commit.");
        return new CommitResponse
        {
            Commit = ByteString.CopyFrom(pending.Message.Span),
            Welcome = pending.Welcome is { } welcome ? ByteString.CopyFrom(welcome.Span) : ByteString.Empty,
            RatchetTree = request.ExternalTree ? ByteString.CopyFrom(pending.ExportRatchetTree().Encode()) : ByteString.Empty,
        };
    });

    /// <inheritdoc/>
    public override Task<HandleCommitResponse> HandleCommit(HandleCommitRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = _participants[request.StateId];
        Follow(participant, request);
        return new HandleCommitResponse { StateId = request.StateId, EpochAuthenticator = Authenticator(participant) };
    });

    /// <inheritdoc/>
    public override Task<HandleCommitResponse> HandlePendingCommit(HandlePendingCommitRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = _participants[request.StateId];
        participant.Group.MergePendingCommit();
        return new HandleCommitResponse { StateId = request.StateId, EpochAuthenticator = Authenticator(participant) };
    });

    private void Receive(Participant participant, IEnumerable<ByteString> proposals)
    {
        foreach (ByteString proposal in proposals)
            participant.Group.Process(Decode<MlsMessage>(proposal), Now);
    }

    private void Follow(Participant participant, HandleCommitRequest request)
    {
        Receive(participant, request.Proposal);
        if (participant.Group.Process(Decode<MlsMessage>(request.Commit), Now) is not Received.Commit commit)
            throw Refused("Not a Commit.");
        participant.Group.Merge(commit.Staged);
    }
}
