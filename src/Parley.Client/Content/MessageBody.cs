using System.Text;
using System.Text.Unicode;

namespace Parley.Client.Content;

/// <summary>
/// What MIMI content means to a reader of a timeline. What this version does not know is named, never dropped; the content itself is
/// kept as it came, so that a later version can show more of it.
/// </summary>
internal abstract record MessageBody
{
    private const string PlainText = "text/plain;charset=utf-8";
    private const int NameCharsMax = 64;

    // Another client shows an action as the text it is; this one tells it in the third person.
    private static readonly MimiExtensionKey ActionKey = new("parley.action");
    private static readonly byte[] True = MimiCodec.EncodeBoolean(true);

    private MessageBody()
    {
    }

    /// <summary>Text that a person wrote.</summary>
    public sealed record Text(string Body) : MessageBody;

    /// <summary>What a person does.</summary>
    public sealed record Action(string Body) : MessageBody;

    /// <summary>The name the sender goes by; empty to go by the handle.</summary>
    public sealed record Profile(string Name) : MessageBody;

    /// <summary>What the sender has got and read of what others wrote.</summary>
    public sealed record Receipt(Receipts.Receipt What) : MessageBody;

    /// <summary>What a program says to programs; null if it is of a kind that this version does not know.</summary>
    public sealed record Internal(InternalMessage? Message) : MessageBody;

    /// <summary>Something this version does not show.</summary>
    public sealed record Unknown(string ContentType) : MessageBody;

    /// <summary>Makes the content of a message that a user sends.</summary>
    public static MimiContent Create(OutgoingMessage message, ReadOnlyMemory<byte> salt) => message switch
    {
        OutgoingMessage.Text text => new MimiContent { Salt = salt, InReplyTo = text.InReplyTo, Body = Part(MimiDisposition.Render, text.Body) },
        OutgoingMessage.Action action => Create(action, salt),
        _ => throw new ArgumentOutOfRangeException(nameof(message)),
    };

    /// <summary>Makes the content that tells members the name one goes by.</summary>
    public static MimiContent CreateProfile(string name, ReadOnlyMemory<byte> salt) => new() { Salt = salt, Body = Part(MimiDisposition.Profile, name) };

    /// <summary>Makes the content of a receipt.</summary>
    public static MimiContent Create(Receipts.Receipt receipt, ReadOnlyMemory<byte> salt) =>
        new() { Salt = salt, Body = new NestedPart.Single(MimiDisposition.Unspecified, Language: "", Receipts.Receipt.ContentType, receipt.Encode()) };

    /// <summary>Makes the content of what programs say to each other.</summary>
    public static MimiContent CreateInternal(InternalMessage message, ReadOnlyMemory<byte> salt) =>
        new() { Salt = salt, Body = new NestedPart.Single(MimiDisposition.Unspecified, Language: "", InternalMessage.ContentType, message.Encode()) };

    /// <summary>Reads the meaning of content.</summary>
    public static MessageBody Read(MimiContent content)
    {
        MessageBody body = Read(content.Body);
        if (body is Text text && content.Extensions.TryGetValue(ActionKey, out ReadOnlyMemory<byte> value) && value.Span.SequenceEqual(True))
            body = new Action(text.Body);
        if (content.Replaces is null)
            return body;
        // Edits and deletions are not applied yet; they are shown as what they are, after what they change.
        return body is Text edited ? new Text("(edit) " + edited.Body) : new Unknown(content.Body is NestedPart.Null ? "deletion" : "edit");
    }

    /// <summary>Whether encoded content only tells the name its sender goes by.</summary>
    public static bool IsProfile(ReadOnlyMemory<byte> mimi) => MimiCodec.TryDecode(mimi, out MimiContent? content) && Read(content) is Profile;

    /// <summary>Whether a text can be the name of a person or a group: not empty, not too long, no control characters, no line breaks, none that turn the text around.</summary>
    public static bool IsName(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > NameCharsMax)
            return false;
        foreach (Rune rune in name.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator)
                return false;
        }

        return true;
    }

    private static MimiContent Create(OutgoingMessage.Action action, ReadOnlyMemory<byte> salt)
    {
        var content = new MimiContent { Salt = salt, Body = Part(MimiDisposition.Render, action.Body) };
        return content with { Extensions = content.Extensions.Add(ActionKey, True) };
    }

    private static NestedPart.Single Part(MimiDisposition disposition, string text) => new(disposition, Language: "", PlainText, Encoding.UTF8.GetBytes(text));

    private static MessageBody Read(NestedPart part)
    {
        switch (part)
        {
            case NestedPart.Single { Disposition: MimiDisposition.Profile } profile:
                return TextOf(profile) is { } name && (name.Length == 0 || IsName(name)) ? new Profile(name) : new Unknown("profile");
            case NestedPart.Single { ContentType: InternalMessage.ContentType } told:
                return new Internal(InternalMessage.TryDecode(told.Content));
            case NestedPart.Single { Disposition: MimiDisposition.Reaction } reaction:
                return TextOf(reaction) is { } sign ? new Text("(reaction) " + sign) : new Unknown("reaction");
            case NestedPart.Single { Disposition: MimiDisposition.Unspecified, ContentType: Receipts.Receipt.ContentType } told:
                return Receipts.Receipt.TryDecode(told.Content, out Receipts.Receipt? receipt) ? new Receipt(receipt) : new Unknown(told.ContentType);
            case NestedPart.Single { Disposition: MimiDisposition.Unspecified or MimiDisposition.Render or MimiDisposition.Inline } single:
                return TextOf(single) is { } text ? new Text(text) : new Unknown(single.ContentType);
            case NestedPart.Single or NestedPart.External:
                return new Unknown(part.Disposition.ToString().ToLowerInvariant());
            case NestedPart.Null:
                return new Unknown("empty");
            case NestedPart.Multi { Semantics: PartSemantics.ChooseOne } alternatives:
                foreach (NestedPart alternative in alternatives.Parts)
                {
                    if (Read(alternative) is not Unknown and var known)
                        return known;
                }

                return new Unknown("alternatives");
            default:
                return new Unknown("multipart");
        }
    }

    /// <summary>The text of a part in a media type that reads as text, or null. Its parameters do not matter but for the character set.</summary>
    private static string? TextOf(NestedPart.Single part)
    {
        string type = part.ContentType.Split(';')[0].Trim().ToLowerInvariant();
        bool isUtf8 = !part.ContentType.Contains("charset=", StringComparison.OrdinalIgnoreCase)
            || part.ContentType.Contains("charset=utf-8", StringComparison.OrdinalIgnoreCase)
            || part.ContentType.Contains("charset=us-ascii", StringComparison.OrdinalIgnoreCase);
        bool isText = type is "text/plain" or "text/markdown";
        return isText && isUtf8 && Utf8.IsValid(part.Content.Span) ? Encoding.UTF8.GetString(part.Content.Span) : null;
    }
}
