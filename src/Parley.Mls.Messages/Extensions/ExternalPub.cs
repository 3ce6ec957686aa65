namespace Parley.Mls.Messages.Extensions;

/// <summary>RFC 9420 §12.4.3.2: the group's key for external Commits.</summary>
/// <param name="PublicKey">An HPKE public key.</param>
public sealed record ExternalPub(ReadOnlyMemory<byte> PublicKey) : ITlsStruct<ExternalPub>
{
    /// <inheritdoc/>
    public static ExternalPub Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new ExternalPub(reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(PublicKey);
    }
}
