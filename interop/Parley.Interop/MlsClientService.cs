using System.Collections.Immutable;
using Google.Protobuf;
using Grpc.Core;
using Parley.Interop.Wire;
using Parley.Mls;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop;

/// <summary>
/// The operations of <c>mls_client.proto</c> over Parley.Mls: what the working group's test runner can ask of an implementation. It is
/// called through gRPC, and by our own player of scenarios in one process. The numbers of states and transactions are those of the same
/// participants. One call at a time: the lock guards everything here.
/// </summary>
public sealed partial class MlsClientService(ICryptoProvider crypto, TimeProvider time) : MLSClient.MLSClientBase, IDisposable
{
    private readonly Numbered<Participant> _participants = new();
    private readonly Numbered<SignatureKeyPair> _signers = new();
    private readonly Lock _lock = new();

    private DateTimeOffset Now => time.GetUtcNow();

    /// <inheritdoc/>
    public override Task<NameResponse> Name(NameRequest request, ServerCallContext context) => Task.FromResult(new NameResponse { Name = "Parley.Mls" });

    /// <inheritdoc/>
    public override Task<SupportedCiphersuitesResponse> SupportedCiphersuites(SupportedCiphersuitesRequest request, ServerCallContext context)
    {
        var response = new SupportedCiphersuitesResponse();
        // RFC 9420's own: others have no number that two implementations agree on.
        response.Ciphersuites.AddRange(Participant.SupportedSuites(crypto).Where(static suite => suite <= CipherSuite.P384Aes256GcmSha384P384).Select(static suite => (uint)suite));
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override Task<CreateGroupResponse> CreateGroup(CreateGroupRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = Register(new Participant(crypto, (CipherSuite)request.CipherSuite, request.Identity.Memory), out uint number);
        participant.Enter(Group.Create(participant.Config(request.EncryptHandshake), participant.Identity, participant.Suite.Id, request.GroupId.Span, []));
        return new CreateGroupResponse { StateId = number };
    });

    /// <inheritdoc/>
    public override Task<CreateKeyPackageResponse> CreateKeyPackage(CreateKeyPackageRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = Register(new Participant(crypto, (CipherSuite)request.CipherSuite, request.Identity.Memory), out uint number);
        participant.CreateKeyPackage(Now);
        return new CreateKeyPackageResponse { TransactionId = number, KeyPackage = Encoded(participant.Bundle) };
    });

    /// <inheritdoc/>
    public override Task<JoinGroupResponse> JoinGroup(JoinGroupRequest request, ServerCallContext context) => Answer(() =>
    {
        Participant participant = _participants[request.TransactionId];
        participant.Join(Decode<MlsMessage.Welcome>(request.Welcome).Message, request.EncryptHandshake, Tree(request.RatchetTree));
        return new JoinGroupResponse { StateId = request.TransactionId, EpochAuthenticator = Authenticator(participant) };
    });

    /// <inheritdoc/>
    public override Task<GroupInfoResponse> GroupInfo(GroupInfoRequest request, ServerCallContext context) => Answer(() =>
    {
        Group group = _participants[request.StateId].Group;
        var response = new GroupInfoResponse { GroupInfo = ByteString.CopyFrom(group.CreateGroupInfo(withRatchetTree: !request.ExternalTree)) };
        if (request.ExternalTree)
            response.RatchetTree = ByteString.CopyFrom(group.ExportRatchetTree().Encode());
        return response;
    });

    /// <inheritdoc/>
    public override Task<StateAuthResponse> StateAuth(StateAuthRequest request, ServerCallContext context) =>
        Answer(() => new StateAuthResponse { StateAuthSecret = Authenticator(_participants[request.StateId]) });

    /// <inheritdoc/>
    public override Task<ExportResponse> Export(ExportRequest request, ServerCallContext context) => Answer(() =>
    {
        using Secret secret = _participants[request.StateId].Group.Export(request.Label, request.Context.Span, (int)request.KeyLength);
        return new ExportResponse { ExportedSecret = ByteString.CopyFrom(secret.AsSpan()) };
    });

    /// <inheritdoc/>
    public override Task<ProtectResponse> Protect(ProtectRequest request, ServerCallContext context) => Answer(() =>
    {
        byte[] message = _participants[request.StateId].Group.Protect(request.Plaintext.Span, request.AuthenticatedData.Span);
        return new ProtectResponse { Ciphertext = ByteString.CopyFrom(message) };
    });

    /// <inheritdoc/>
    public override Task<UnprotectResponse> Unprotect(UnprotectRequest request, ServerCallContext context) => Answer(() =>
    {
        if (_participants[request.StateId].Group.Process(Decode<MlsMessage>(request.Ciphertext), Now) is not Received.Application received)
            throw new ArgumentException("Not application data.", nameof(request));
        return new UnprotectResponse { AuthenticatedData = ByteString.CopyFrom(received.AuthenticatedData.Span), Plaintext = ByteString.CopyFrom(received.Data.Span) };
    });

    /// <inheritdoc/>
    public override Task<StorePSKResponse> StorePSK(StorePSKRequest request, ServerCallContext context) => Answer(() =>
    {
        _participants[request.StateOrTransactionId].PreSharedKeys.Add(request.PskId.Span, request.PskSecret.Span);
        return new StorePSKResponse();
    });

    /// <summary>Zeroes all secrets.</summary>
    public void Dispose()
    {
        _participants.Dispose();
        _signers.Dispose();
    }

    /// <summary>Before anything is done with a participant, so that it is freed also where that fails.</summary>
    private Participant Register(Participant participant, out uint number)
    {
        number = _participants.Add(participant);
        return participant;
    }

    private static ByteString Encoded(KeyPackageBundle bundle) => ByteString.CopyFrom(new MlsMessage.KeyPackage(bundle.KeyPackage).Encode<MlsMessage>());

    private static ByteString Authenticator(Participant participant) => ByteString.CopyFrom(participant.Group.EpochAuthenticator);

    private static RatchetTreeExtension? Tree(ByteString encoded) => encoded.IsEmpty ? null : DecodeStruct<RatchetTreeExtension>(encoded.Span);

    private static T DecodeStruct<T>(ReadOnlySpan<byte> encoded)
        where T : class, ITlsStruct<T> =>
        Tls.TryDecode(encoded, out T? value, out DecodeError error) ? value : throw Refused(error.ToString());

    private static T Decode<T>(ByteString encoded)
        where T : MlsMessage
    {
        if (!MlsMessage.TryDecode(encoded.Span, out MlsMessage? message, out DecodeError error))
            throw Refused(error.ToString());
        return message as T ?? throw Refused($"Not a {typeof(T).Name}.");
    }

    private static ImmutableArray<Mls.Messages.Extensions.Extension> Extensions(IEnumerable<Wire.Extension> extensions) =>
        [.. extensions.Select(static extension => new Mls.Messages.Extensions.Extension((ExtensionType)extension.ExtensionType, extension.ExtensionData.ToByteArray()))];

    private static RpcException Refused(string why) => new(new Status(StatusCode.InvalidArgument, why));

    private Task<T> Answer<T>(Func<T> work)
    {
        lock (_lock)
        {
            try
            {
                return Task.FromResult(work());
            }
            catch (MlsException refused)
            {
                throw Refused(refused.Error.ToString());
            }
        }
    }
}
