using System.Diagnostics.CodeAnalysis;

namespace Parley.Contracts.Identity;

/// <summary>
/// An account's name on its server: 1 to 32 of <c>a-z 0-9 _ . -</c>, beginning with a letter or digit. One spelling only, so that
/// two handles that look the same are the same.
/// </summary>
public sealed record Handle
{
    private Handle(string value) => Value = value;

    /// <summary>The handle without a leading <c>@</c>.</summary>
    public string Value { get; }

    /// <summary>Reads a handle as a person types it: an <c>@</c> in front and upper-case ASCII letters are accepted.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Handle? handle)
    {
        handle = null;
        if (text is null)
            return false;
        string value = text.StartsWith('@') ? text[1..] : text;
        if (value.Length is 0 or > Limits.HandleCharsMax)
            return false;
        value = string.Create(value.Length, value, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
        });
        if (!IsCanonical(value))
            return false;
        handle = new Handle(value);
        return true;
    }

    /// <summary>Whether the text is a handle in its one canonical spelling, as it stands in certificates.</summary>
    public static bool IsCanonical(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > Limits.HandleCharsMax)
            return false;
        if (!char.IsAsciiLetterLower(text[0]) && !char.IsAsciiDigit(text[0]))
            return false;
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('_' or '.' or '-'))
                return false;
        }

        return true;
    }

    /// <summary>The handle with a leading <c>@</c>.</summary>
    public override string ToString() => "@" + Value;
}
