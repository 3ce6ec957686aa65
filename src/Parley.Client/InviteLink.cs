using System.Diagnostics.CodeAnalysis;

namespace Parley.Client;

/// <summary>An invite as a person receives it: <c>http(s)://host[:port]/i/CODE</c>.</summary>
public sealed record InviteLink
{
    private const int CodeCharsMax = 64;

    private InviteLink(Uri server, string code)
    {
        Server = server;
        Code = code;
    }

    /// <summary>The server's address, without a path.</summary>
    public Uri Server { get; }

    /// <summary>The secret in the link.</summary>
    public string Code { get; }

    /// <summary>Reads a link. White space around it is ignored, as it comes with a paste.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out InviteLink? link)
    {
        link = null;
        if (!Uri.TryCreate(text?.Trim(), UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            return false;
        if (uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            return false;
        if (uri.Segments is not ["/", "i/", string code] || code.Length is 0 or > CodeCharsMax)
            return false;
        foreach (char c in code)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return false;
        }

        link = new InviteLink(new Uri(uri.GetLeftPart(UriPartial.Authority)), code);
        return true;
    }

    /// <summary>The link.</summary>
    public override string ToString() => new Uri(Server, "/i/" + Code).AbsoluteUri;
}
