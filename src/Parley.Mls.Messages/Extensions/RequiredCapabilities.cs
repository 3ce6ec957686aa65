using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Messages.Extensions;

/// <summary>RFC 9420 §11.1: what every member of the group must support.</summary>
/// <param name="ExtensionTypes">Extensions.</param>
/// <param name="ProposalTypes">Proposals.</param>
/// <param name="CredentialTypes">Credentials.</param>
public sealed record RequiredCapabilities(
    ImmutableArray<ExtensionType> ExtensionTypes, ImmutableArray<ProposalType> ProposalTypes, ImmutableArray<CredentialType> CredentialTypes)
    : ITlsStruct<RequiredCapabilities>
{
    /// <inheritdoc/>
    public static RequiredCapabilities Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new RequiredCapabilities(
            reader.ReadVectorOf(static r => (ExtensionType)r.ReadUInt16(), MessageLimits.CapabilitiesMax),
            reader.ReadVectorOf(static r => (ProposalType)r.ReadUInt16(), MessageLimits.CapabilitiesMax),
            reader.ReadVectorOf(static r => (CredentialType)r.ReadUInt16(), MessageLimits.CapabilitiesMax));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(ExtensionTypes, static (w, type) => w.WriteUInt16((ushort)type));
        writer.WriteVectorOf(ProposalTypes, static (w, type) => w.WriteUInt16((ushort)type));
        writer.WriteVectorOf(CredentialTypes, static (w, type) => w.WriteUInt16((ushort)type));
    }
}
