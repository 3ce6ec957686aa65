using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Messages.Tree;

/// <summary>
/// RFC 9420 §7.2: what a client supports, beyond the default extensions and proposals, which need not be listed. Unknown values are
/// kept, because the leaf's signature covers them, and otherwise ignored.
/// </summary>
/// <param name="Versions">Protocol versions.</param>
/// <param name="CipherSuites">Cipher suites.</param>
/// <param name="Extensions">Extension types.</param>
/// <param name="Proposals">Proposal types.</param>
/// <param name="Credentials">Credential types.</param>
public sealed record Capabilities(
    ImmutableArray<ProtocolVersion> Versions,
    ImmutableArray<CipherSuite> CipherSuites,
    ImmutableArray<ExtensionType> Extensions,
    ImmutableArray<ProposalType> Proposals,
    ImmutableArray<CredentialType> Credentials) : ITlsStruct<Capabilities>
{
    /// <inheritdoc/>
    public static Capabilities Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new Capabilities(
            reader.ReadVectorOf(static r => (ProtocolVersion)r.ReadUInt16(), MessageLimits.CapabilitiesMax),
            reader.ReadVectorOf(static r => (CipherSuite)r.ReadUInt16(), MessageLimits.CapabilitiesMax),
            reader.ReadVectorOf(static r => (ExtensionType)r.ReadUInt16(), MessageLimits.CapabilitiesMax),
            reader.ReadVectorOf(static r => (ProposalType)r.ReadUInt16(), MessageLimits.CapabilitiesMax),
            reader.ReadVectorOf(static r => (CredentialType)r.ReadUInt16(), MessageLimits.CapabilitiesMax));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(Versions, static (w, version) => w.WriteUInt16((ushort)version));
        writer.WriteVectorOf(CipherSuites, static (w, suite) => w.WriteUInt16((ushort)suite));
        writer.WriteVectorOf(Extensions, static (w, type) => w.WriteUInt16((ushort)type));
        writer.WriteVectorOf(Proposals, static (w, type) => w.WriteUInt16((ushort)type));
        writer.WriteVectorOf(Credentials, static (w, type) => w.WriteUInt16((ushort)type));
    }

    /// <summary>Whether the extension is a default one of RFC 9420 or listed.</summary>
    public bool Supports(ExtensionType type) => type is >= ExtensionType.ApplicationId and <= ExtensionType.ExternalSenders || Extensions.Contains(type);

    /// <summary>Whether the proposal is a default one of RFC 9420 or listed.</summary>
    public bool Supports(ProposalType type) => type is >= ProposalType.Add and <= ProposalType.GroupContextExtensions || Proposals.Contains(type);

    /// <summary>Whether the credential type is listed; none is a default.</summary>
    public bool Supports(CredentialType type) => Credentials.Contains(type);
}
