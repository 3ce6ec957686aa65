using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Proposals;

/// <summary>RFC 9420 §17.4: proposal types. Values that are not named are legal in lists of capabilities.</summary>
public enum ProposalType : ushort
{
    /// <summary>Add.</summary>
    Add = 0x0001,

    /// <summary>Update.</summary>
    Update = 0x0002,

    /// <summary>Remove.</summary>
    Remove = 0x0003,

    /// <summary>PreSharedKey.</summary>
    PreSharedKey = 0x0004,

    /// <summary>ReInit.</summary>
    ReInit = 0x0005,

    /// <summary>ExternalInit.</summary>
    ExternalInit = 0x0006,

    /// <summary>GroupContextExtensions.</summary>
    GroupContextExtensions = 0x0007,

    /// <summary>AppDataUpdate (draft-ietf-mls-extensions-09 §4.7).</summary>
    AppDataUpdate = ProvisionalNumbers.AppDataUpdate,

    /// <summary>AppEphemeral (draft-ietf-mls-extensions-09 §4.8).</summary>
    AppEphemeral = ProvisionalNumbers.AppEphemeral,

    /// <summary>SelfRemove (draft-ietf-mls-extensions-09 §6.3).</summary>
    SelfRemove = ProvisionalNumbers.SelfRemove,
}

/// <summary>RFC 9420 §12.1: a change to the group that a Commit can put into effect.</summary>
public abstract record Proposal : ITlsStruct<Proposal>
{
    private const byte UpdateOperation = 1;
    private const byte RemoveOperation = 2;

    private Proposal()
    {
    }

    /// <summary>The type of this proposal.</summary>
    public abstract ProposalType Type { get; }

    /// <summary>RFC 9420 §17.4: whether a Commit that covers it needs a path.</summary>
    public bool IsPathRequired => Type is not (ProposalType.Add or ProposalType.PreSharedKey or ProposalType.ReInit
        or ProposalType.AppDataUpdate or ProposalType.AppEphemeral);

    /// <summary>RFC 9420 §7.2: whether it is one of those that every client supports without saying so.</summary>
    public bool IsDefault => Type is >= ProposalType.Add and <= ProposalType.GroupContextExtensions;

    /// <summary>RFC 9420 §12.1.8, §17.4: whether an external sender may send it.</summary>
    public bool IsAllowedFromExternalSender => Type is not (ProposalType.Update or ProposalType.ExternalInit or ProposalType.SelfRemove);

    /// <inheritdoc/>
    public static Proposal Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        switch ((ProposalType)reader.ReadUInt16())
        {
            case ProposalType.Add:
                return new Add(KeyPackages.KeyPackage.Read(reader));
            case ProposalType.Update:
                return new Update(Tree.LeafNode.Read(reader));
            case ProposalType.Remove:
                return new Remove(new LeafIndex(reader.ReadUInt32()));
            case ProposalType.PreSharedKey:
                return new PreSharedKey(PreSharedKeyId.Read(reader));
            case ProposalType.ReInit:
                return new ReInit(
                    reader.ReadVector(), (ProtocolVersion)reader.ReadUInt16(), (CipherSuite)reader.ReadUInt16(), ExtensionList.Read(reader));
            case ProposalType.ExternalInit:
                return new ExternalInit(reader.ReadVector());
            case ProposalType.GroupContextExtensions:
                return new GroupContextExtensions(ExtensionList.Read(reader));
            case ProposalType.AppDataUpdate:
                return new AppDataUpdate((ComponentId)reader.ReadUInt16(), ReadOperation(reader));
            case ProposalType.AppEphemeral:
                return new AppEphemeral((ComponentId)reader.ReadUInt16(), reader.ReadVector());
            case ProposalType.SelfRemove:
                return new SelfRemove();
            default:
                // The structure has no length, so an unknown type cannot be stepped over.
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Remove(default);
        }
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)Type);
        switch (this)
        {
            case Add add:
                add.KeyPackage.Write(writer);
                break;
            case Update update:
                update.LeafNode.Write(writer);
                break;
            case Remove remove:
                writer.WriteUInt32(remove.Removed.Value);
                break;
            case PreSharedKey psk:
                psk.Psk.Write(writer);
                break;
            case ReInit reInit:
                writer.WriteVector(reInit.GroupId);
                writer.WriteUInt16((ushort)reInit.Version);
                writer.WriteUInt16((ushort)reInit.CipherSuite);
                ExtensionList.Write(writer, reInit.Extensions);
                break;
            case ExternalInit externalInit:
                writer.WriteVector(externalInit.KemOutput);
                break;
            case GroupContextExtensions extensions:
                ExtensionList.Write(writer, extensions.Extensions);
                break;
            case AppDataUpdate update:
                writer.WriteUInt16((ushort)update.ComponentId);
                writer.WriteUInt8(update.UpdateData is null ? RemoveOperation : UpdateOperation);
                if (update.UpdateData is { } data)
                    writer.WriteVector(data);
                break;
            case AppEphemeral ephemeral:
                writer.WriteUInt16((ushort)ephemeral.ComponentId);
                writer.WriteVector(ephemeral.Data);
                break;
            case SelfRemove:
                break;
        }
    }

    private static ReadOnlyMemory<byte>? ReadOperation(TlsReader reader)
    {
        byte operation = reader.ReadUInt8();
        if (operation is not (UpdateOperation or RemoveOperation))
            reader.Fail(DecodeError.UnknownEnumValue);
        return operation == UpdateOperation ? reader.ReadVector() : (ReadOnlyMemory<byte>?)null;
    }

    /// <summary>RFC 9420 §12.1.1: adds a client.</summary>
    /// <param name="KeyPackage">The client's KeyPackage.</param>
    public sealed record Add(KeyPackages.KeyPackage KeyPackage) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.Add;
    }

    /// <summary>RFC 9420 §12.1.2: replaces the sender's leaf.</summary>
    /// <param name="LeafNode">The new leaf.</param>
    public sealed record Update(LeafNode LeafNode) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.Update;
    }

    /// <summary>RFC 9420 §12.1.3: removes a member.</summary>
    /// <param name="Removed">The member's leaf.</param>
    public sealed record Remove(LeafIndex Removed) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.Remove;
    }

    /// <summary>RFC 9420 §12.1.4: injects a pre-shared key.</summary>
    /// <param name="Psk">Its name.</param>
    public sealed record PreSharedKey(PreSharedKeyId Psk) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.PreSharedKey;
    }

    /// <summary>RFC 9420 §12.1.5: replaces the group by a new one with other parameters.</summary>
    /// <param name="GroupId">The new group's id.</param>
    /// <param name="Version">Its protocol version.</param>
    /// <param name="CipherSuite">Its suite.</param>
    /// <param name="Extensions">Its GroupContext extensions.</param>
    public sealed record ReInit(ReadOnlyMemory<byte> GroupId, ProtocolVersion Version, CipherSuite CipherSuite, ImmutableArray<Extension> Extensions)
        : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.ReInit;
    }

    /// <summary>RFC 9420 §12.1.6: brings a new init secret, in an external Commit.</summary>
    /// <param name="KemOutput">HPKE encapsulation to the group's external key.</param>
    public sealed record ExternalInit(ReadOnlyMemory<byte> KemOutput) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.ExternalInit;
    }

    /// <summary>RFC 9420 §12.1.7: replaces all GroupContext extensions.</summary>
    /// <param name="Extensions">The new list.</param>
    public sealed record GroupContextExtensions(ImmutableArray<Extension> Extensions) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.GroupContextExtensions;
    }

    /// <summary>draft-ietf-mls-extensions-09 §4.7: changes or removes a component's data in the GroupContext.</summary>
    /// <param name="ComponentId">The component.</param>
    /// <param name="UpdateData">What the component makes its new data from; null removes its data.</param>
    public sealed record AppDataUpdate(ComponentId ComponentId, ReadOnlyMemory<byte>? UpdateData) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.AppDataUpdate;
    }

    /// <summary>draft-ietf-mls-extensions-09 §4.8: data of a component that goes with a Commit and changes nothing.</summary>
    /// <param name="ComponentId">The component.</param>
    /// <param name="Data">The data.</param>
    public sealed record AppEphemeral(ComponentId ComponentId, ReadOnlyMemory<byte> Data) : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.AppEphemeral;
    }

    /// <summary>draft-ietf-mls-extensions-09 §6.3: removes its sender, by whomever it is committed, one who joins included.</summary>
    public sealed record SelfRemove : Proposal
    {
        /// <inheritdoc/>
        public override ProposalType Type => ProposalType.SelfRemove;
    }
}
