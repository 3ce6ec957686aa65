using System.Collections.Immutable;

namespace Parley.Client.Content;

/// <summary>
/// draft-ietf-mimi-content-09 §4: the body of every application message. Encoded and decoded by <see cref="MimiCodec"/>; what it means to
/// a reader is decided by <see cref="MessageBody"/>.
/// </summary>
internal sealed record MimiContent
{
    /// <summary>Length of <see cref="Salt"/>.</summary>
    public const int SaltBytes = 16;

    /// <summary>No extensions, in the order that deterministic CBOR gives them.</summary>
    public static readonly ImmutableSortedDictionary<MimiExtensionKey, ReadOnlyMemory<byte>> NoExtensions =
        ImmutableSortedDictionary.Create<MimiExtensionKey, ReadOnlyMemory<byte>>(Comparer<MimiExtensionKey>.Create(MimiExtensionKey.Compare));

    /// <summary>16 random bytes, so that equal texts have different ids.</summary>
    public required ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>The message this one edits or, with an empty body, deletes.</summary>
    public MessageId? Replaces { get; init; }

    /// <summary>Names the thread it belongs to; empty for none.</summary>
    public ReadOnlyMemory<byte> TopicId { get; init; }

    /// <summary>When it asks to be forgotten.</summary>
    public MimiExpiration? Expires { get; init; }

    /// <summary>The message it answers or reacts to.</summary>
    public MessageId? InReplyTo { get; init; }

    /// <summary>Extensions by key, each value one encoded CBOR item.</summary>
    public ImmutableSortedDictionary<MimiExtensionKey, ReadOnlyMemory<byte>> Extensions { get; init; } = NoExtensions;

    /// <summary>What it says.</summary>
    public required NestedPart Body { get; init; }
}

/// <summary>§4.1: a hint to forget a message.</summary>
/// <param name="IsRelative">Seconds after it was read, rather than since 1970.</param>
/// <param name="Seconds">How many.</param>
internal sealed record MimiExpiration(bool IsRelative, uint Seconds);

/// <summary>§4.3: an extension's key: an integer, or a text for private use.</summary>
internal sealed record MimiExtensionKey
{
    /// <summary>The sender's URI.</summary>
    public static readonly MimiExtensionKey SenderUri = new(1);

    /// <summary>The room's URI.</summary>
    public static readonly MimiExtensionKey RoomUri = new(2);

    /// <summary>A key that is an integer.</summary>
    public MimiExtensionKey(long number) => Number = number;

    /// <summary>A key that is a text.</summary>
    public MimiExtensionKey(string text) => Text = text;

    /// <summary>The integer, where <see cref="Text"/> is null.</summary>
    public long Number { get; }

    /// <summary>The text, or null.</summary>
    public string? Text { get; }

    /// <summary>The order of deterministic CBOR: non-negative before negative before text, each by length and then by bytes.</summary>
    public static int Compare(MimiExtensionKey left, MimiExtensionKey right)
    {
        if (left.Text is not null && right.Text is not null)
        {
            byte[] mine = System.Text.Encoding.UTF8.GetBytes(left.Text);
            byte[] others = System.Text.Encoding.UTF8.GetBytes(right.Text);
            return mine.Length != others.Length ? mine.Length.CompareTo(others.Length) : mine.AsSpan().SequenceCompareTo(others);
        }

        if (left.Text is not null || right.Text is not null)
            return left.Text is null ? -1 : 1;
        bool isNegative = left.Number < 0;
        if (isNegative != right.Number < 0)
            return isNegative ? 1 : -1;
        return isNegative ? right.Number.CompareTo(left.Number) : left.Number.CompareTo(right.Number);
    }
}

/// <summary>§4.4: a part of a body.</summary>
/// <param name="Disposition">What it is meant for; a number without a name is kept as it is.</param>
/// <param name="Language">Language tags separated by commas, or empty.</param>
internal abstract record NestedPart(MimiDisposition Disposition, string Language)
{
    /// <summary>Nothing, as in a deletion.</summary>
    public sealed record Null(MimiDisposition Disposition, string Language) : NestedPart(Disposition, Language);

    /// <summary>Content of one media type.</summary>
    public sealed record Single(MimiDisposition Disposition, string Language, string ContentType, ReadOnlyMemory<byte> Content) : NestedPart(Disposition, Language);

    /// <summary>Content that lies elsewhere, usually encrypted.</summary>
    public sealed record External(MimiDisposition Disposition, string Language, string ContentType, ExternalContent Content) : NestedPart(Disposition, Language);

    /// <summary>Several parts.</summary>
    public sealed record Multi(MimiDisposition Disposition, string Language, PartSemantics Semantics, ImmutableArray<NestedPart> Parts) : NestedPart(Disposition, Language);
}

/// <summary>§4.5: where content lies and how it is decrypted.</summary>
internal sealed record ExternalContent(
    string Url,
    uint Expires,
    ulong Size,
    ushort EncAlg,
    ReadOnlyMemory<byte> Key,
    ReadOnlyMemory<byte> Nonce,
    ReadOnlyMemory<byte> Aad,
    byte HashAlg,
    ReadOnlyMemory<byte> ContentHash,
    string Description,
    string FileName);

/// <summary>§8.2.2: what a part is meant for.</summary>
internal enum MimiDisposition : byte
{
    Unspecified = 0,
    Render = 1,
    Reaction = 2,
    Profile = 3,
    Inline = 4,
    Icon = 5,
    Attachment = 6,
    Session = 7,
    Preview = 8,
}

/// <summary>§4.4: how parts belong together.</summary>
internal enum PartSemantics : byte
{
    ChooseOne = 0,
    SingleUnit = 1,
    ProcessAll = 2,
}
