using Parley.Mls.Crypto;
using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Framing;

/// <summary>RFC 9420 §6.2: PublicMessages and their membership tags.</summary>
internal static class PublicMessages
{
    /// <summary>Wraps a member's content.</summary>
    public static PublicMessage Seal(CryptoSuite suite, Secret membershipKey, AuthenticatedContent content, ReadOnlySpan<byte> context) =>
        new(content.Content, content.Auth, suite.Mac(membershipKey.AsSpan(), content.EncodeToBeMaced(context)));

    /// <summary>Unwraps a message; one from a member must have the right tag.</summary>
    /// <exception cref="MlsException">The tag is absent or wrong.</exception>
    public static AuthenticatedContent Open(CryptoSuite suite, Secret membershipKey, PublicMessage message, ReadOnlySpan<byte> context)
    {
        var content = new AuthenticatedContent(WireFormat.PublicMessage, message.Content, message.Auth);
        if (message.Content.Sender is Sender.Member)
        {
            bool valid = message.MembershipTag is { } tag && suite.VerifyMac(membershipKey.AsSpan(), content.EncodeToBeMaced(context), tag.Span);
            MlsException.ThrowIf(!valid, MlsError.MembershipTagInvalid);
        }

        return content;
    }
}
