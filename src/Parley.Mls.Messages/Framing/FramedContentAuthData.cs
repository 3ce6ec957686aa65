namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6.1: what authenticates a message's content.</summary>
/// <param name="Signature">Over FramedContentTBS, label "FramedContentTBS".</param>
/// <param name="ConfirmationTag">With a Commit, and only then.</param>
public sealed record FramedContentAuthData(ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte>? ConfirmationTag)
{
    /// <summary>Reads the structure that follows content of the given type.</summary>
    public static FramedContentAuthData Read(TlsReader reader, ContentType type)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ReadOnlyMemory<byte> signature = reader.ReadVector();
        return new FramedContentAuthData(signature, type == ContentType.Commit ? reader.ReadVector() : (ReadOnlyMemory<byte>?)null);
    }

    /// <summary>Writes the structure.</summary>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(Signature);
        if (ConfirmationTag is { } tag)
            writer.WriteVector(tag);
    }
}
