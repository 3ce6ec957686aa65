using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

namespace Parley.Server.Invites;

/// <summary>
/// What an invite link shows in a browser: what Parley is, and the one line to type. Static, without scripts and without anything
/// from elsewhere, and the policy in its header allows nothing else.
/// </summary>
/// <param name="serverName">The server that invites.</param>
/// <param name="link">The link to join with. Null if the invite cannot be used.</param>
internal sealed class InvitePage(string serverName, string? link) : IResult
{
    private const string Style =
        """
        :root { color-scheme: light dark; }
        body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1.25rem; }
        h1 { font-size: 1.6rem; margin-bottom: .25rem; }
        code { display: block; padding: .9rem 1rem; border-radius: .5rem; overflow-wrap: anywhere; user-select: all;
               font: .95rem/1.5 ui-monospace, monospace; background: light-dark(#f0f0f3, #26262b); }
        small { color: light-dark(#5a5a63, #a3a3ad); }
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = link is null ? StatusCodes.Status410Gone : StatusCodes.Status200OK;
        response.ContentType = MediaTypeNames.Text.Html + "; charset=utf-8";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        return response.WriteAsync(Html(), httpContext.RequestAborted);
    }

    private string Html()
    {
        string server = HtmlEncoder.Default.Encode(serverName);
        string invitation = link is null
            ? "<p>This invite has been used or has expired. Ask whoever sent it for a new one.</p>"
            : $"<p>To join, type this in a terminal:</p>\n<code>./parley join {HtmlEncoder.Default.Encode(link)}</code>";
        return $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Parley on {server}</title>
            <style>{Style}</style>
            </head>
            <body>
            <h1>Parley on {server}</h1>
            <p>Parley is end-to-end-encrypted chat. What you write here is readable by the people you write to and by nobody else,
            this server included.</p>
            {invitation}
            <p><small>The link is for you alone: whoever has it can join in your place.</small></p>
            </body>
            </html>
            """;
    }
}
