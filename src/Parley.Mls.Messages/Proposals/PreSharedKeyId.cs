namespace Parley.Mls.Messages.Proposals;

/// <summary>RFC 9420 §8.4: what a resumption PSK is used for.</summary>
public enum ResumptionPskUsage : byte
{
    /// <summary>By the application.</summary>
    Application = 1,

    /// <summary>To link a reinitialized group to its old one.</summary>
    ReInit = 2,

    /// <summary>To link a subgroup to its group.</summary>
    Branch = 3,
}

/// <summary>RFC 9420 §8.4: names a pre-shared key and the nonce it is used with.</summary>
/// <param name="Nonce">Random, as long as the suite's hash.</param>
public abstract record PreSharedKeyId(ReadOnlyMemory<byte> Nonce) : ITlsStruct<PreSharedKeyId>
{
    private const byte ExternalType = 1;
    private const byte ResumptionType = 2;

    /// <inheritdoc/>
    public static PreSharedKeyId Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        switch (reader.ReadUInt8())
        {
            case ExternalType:
                ReadOnlyMemory<byte> id = reader.ReadVector();
                return new External(id, reader.ReadVector());
            case ResumptionType:
                var usage = (ResumptionPskUsage)reader.ReadUInt8();
                if (usage is < ResumptionPskUsage.Application or > ResumptionPskUsage.Branch)
                    reader.Fail(DecodeError.UnknownEnumValue);
                ReadOnlyMemory<byte> groupId = reader.ReadVector();
                ulong epoch = reader.ReadUInt64();
                return new Resumption(usage, groupId, epoch, reader.ReadVector());
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new External(default, default);
        }
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (this)
        {
            case External external:
                writer.WriteUInt8(ExternalType);
                writer.WriteVector(external.PskId);
                break;
            case Resumption resumption:
                writer.WriteUInt8(ResumptionType);
                writer.WriteUInt8((byte)resumption.Usage);
                writer.WriteVector(resumption.PskGroupId);
                writer.WriteUInt64(resumption.PskEpoch);
                break;
        }

        writer.WriteVector(Nonce);
    }

    /// <summary>A key that the application shares by other means.</summary>
    /// <param name="PskId">The application's name for it.</param>
    /// <param name="Nonce">See the base.</param>
    public sealed record External(ReadOnlyMemory<byte> PskId, ReadOnlyMemory<byte> Nonce) : PreSharedKeyId(Nonce);

    /// <summary>The <c>resumption_psk</c> of an epoch of a group.</summary>
    /// <param name="Usage">What it is used for.</param>
    /// <param name="PskGroupId">The group.</param>
    /// <param name="PskEpoch">The epoch.</param>
    /// <param name="Nonce">See the base.</param>
    public sealed record Resumption(ResumptionPskUsage Usage, ReadOnlyMemory<byte> PskGroupId, ulong PskEpoch, ReadOnlyMemory<byte> Nonce)
        : PreSharedKeyId(Nonce);
}
