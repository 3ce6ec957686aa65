namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6.2: a message that is authenticated, not encrypted. Never application data.</summary>
/// <param name="Content">The content.</param>
/// <param name="Auth">Its authentication.</param>
/// <param name="MembershipTag">From a member, and only then.</param>
public sealed record PublicMessage(FramedContent Content, FramedContentAuthData Auth, ReadOnlyMemory<byte>? MembershipTag) : ITlsStruct<PublicMessage>
{
    /// <inheritdoc/>
    public static PublicMessage Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        FramedContent content = FramedContent.Read(reader);
        if (content.Content.Type == ContentType.Application)
            reader.Fail(DecodeError.ApplicationDataInPublicMessage);
        FramedContentAuthData auth = FramedContentAuthData.Read(reader, content.Content.Type);
        return new PublicMessage(content, auth, content.Sender is Sender.Member ? reader.ReadVector() : (ReadOnlyMemory<byte>?)null);
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Content.Write(writer);
        Auth.Write(writer);
        if (MembershipTag is { } tag)
            writer.WriteVector(tag);
    }
}
