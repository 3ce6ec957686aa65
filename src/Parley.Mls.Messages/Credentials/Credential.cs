namespace Parley.Mls.Messages.Credentials;

/// <summary>RFC 9420 §17.5: credential types. Values that are not named are legal in lists of capabilities.</summary>
public enum CredentialType : ushort
{
    /// <summary>A bare assertion of an identity.</summary>
    Basic = 0x0001,

    /// <summary>A chain of X.509 certificates.</summary>
    X509 = 0x0002,
}

/// <summary>RFC 9420 §5.3: who a leaf claims to be. Whether it is true is the Authentication Service's to say.</summary>
public abstract record Credential : ITlsStruct<Credential>
{
    private Credential()
    {
    }

    /// <summary>The type of this credential.</summary>
    public abstract CredentialType Type { get; }

    /// <inheritdoc/>
    public static Credential Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        switch ((CredentialType)reader.ReadUInt16())
        {
            case CredentialType.Basic:
                return new Basic(reader.ReadVector());
            case CredentialType.X509:
                return new X509(reader.ReadVectorOf(static r => r.ReadVector(), MessageLimits.CertificatesMax));
            default:
                // The structure has no length, so an unknown type cannot be stepped over.
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Basic(default);
        }
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)Type);
        switch (this)
        {
            case Basic basic:
                writer.WriteVector(basic.Identity);
                break;
            case X509 x509:
                writer.WriteVectorOf(x509.Certificates, static (w, certificate) => w.WriteVector(certificate));
                break;
        }
    }

    /// <summary>A basic credential.</summary>
    /// <param name="Identity">The identity, in the application's own form.</param>
    public sealed record Basic(ReadOnlyMemory<byte> Identity) : Credential
    {
        /// <inheritdoc/>
        public override CredentialType Type => CredentialType.Basic;
    }

    /// <summary>An X.509 credential.</summary>
    /// <param name="Certificates">DER certificates, the leaf's first, each signed by the next.</param>
    public sealed record X509(ImmutableArray<ReadOnlyMemory<byte>> Certificates) : Credential
    {
        /// <inheritdoc/>
        public override CredentialType Type => CredentialType.X509;
    }
}
