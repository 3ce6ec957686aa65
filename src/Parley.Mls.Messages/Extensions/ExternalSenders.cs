using Parley.Mls.Messages.Credentials;

namespace Parley.Mls.Messages.Extensions;

/// <summary>RFC 9420 §12.1.8.1: someone outside of the group who may send it proposals.</summary>
/// <param name="SignatureKey">The sender's public signature key.</param>
/// <param name="Credential">The sender's credential.</param>
public sealed record ExternalSender(ReadOnlyMemory<byte> SignatureKey, Credential Credential) : ITlsStruct<ExternalSender>
{
    /// <inheritdoc/>
    public static ExternalSender Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new ExternalSender(reader.ReadVector(), Credential.Read(reader));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(SignatureKey);
        Credential.Write(writer);
    }
}

/// <summary>RFC 9420 §12.1.8.1: the content of the <c>external_senders</c> extension.</summary>
/// <param name="Senders">The senders; an external sender is named by its place in this list.</param>
public sealed record ExternalSenders(ImmutableArray<ExternalSender> Senders) : ITlsStruct<ExternalSenders>
{
    /// <inheritdoc/>
    public static ExternalSenders Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new ExternalSenders(reader.ReadVectorOf(ExternalSender.Read, MessageLimits.ExternalSendersMax));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(Senders, Tls.WriteStruct);
    }
}
