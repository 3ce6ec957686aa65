using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Http;
using Parley.Server.Sessions;

namespace Parley.Server.Linking;

/// <summary>
/// Passes four messages between a new device and one that its account has already. The server reads none of them, and the two find out if
/// it changes one: see docs/decisions/0020.
/// </summary>
internal static class LinkEndpoints
{
    private const int CommitmentBytes = 32;
    private const int SecretBytes = 32;
    private const int CodeChars = 8;

    // Crockford's: nothing in it looks like something else in it. As long as five bits count.
    private const string CodeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public static void MapLinks(this IEndpointRouteBuilder open, IEndpointRouteBuilder signedIn)
    {
        open.MapPost(Routes.Links, CreateAsync).LimitAddress(static limits => limits.Links);
        open.MapGet(Routes.LinkByCode, FindAsync).LimitAddress(static limits => limits.LinkReads);
        open.MapPut(Routes.LinkReveal, RevealAsync).LimitAddress(static limits => limits.LinkReads);
        signedIn.MapPut(Routes.LinkAnswer, AnswerAsync).LimitAccount(static limits => limits.LinkAnswers);
        signedIn.MapPut(Routes.LinkHandover, HandOverAsync);
    }

    private static async Task<Results<Ok<Link>, Refused>> CreateAsync(NewLink request, ILinkStore links, RandomNumberGenerator random, TimeProvider clock)
    {
        if (request.Commitment.Length != CommitmentBytes)
            return new Refused(ErrorCode.Malformed);
        byte[] secret = new byte[SecretBytes];
        random.GetBytes(secret);
        string code = CreateCode(random);
        DateTimeOffset now = clock.GetUtcNow();
        await links.AddAsync(code, SHA256.HashData(secret), request.Commitment, now, now + Lifetime);
        return TypedResults.Ok(new Link(code, secret, now + Lifetime));
    }

    private static async Task<Results<Ok<LinkState>, Refused>> FindAsync(string code, ILinkStore links, TimeProvider clock) =>
        IsCode(code) && await links.FindAsync(code, clock.GetUtcNow()) is { } state ? TypedResults.Ok(state) : new Refused(ErrorCode.LinkUnknown);

    private static Task<Results<NoContent, Refused>> AnswerAsync(string code, LinkMessage request, ClaimsPrincipal user, ILinkStore links, TimeProvider clock) =>
        TakeAsync(code, request.Content, content => links.AnswerAsync(code, user.Account(), content, clock.GetUtcNow()));

    private static Task<Results<NoContent, Refused>> RevealAsync(string code, LinkReveal request, ILinkStore links, TimeProvider clock) =>
        TakeAsync(code, request.Content, content => links.RevealAsync(code, SHA256.HashData(request.Secret), content, clock.GetUtcNow()));

    private static Task<Results<NoContent, Refused>> HandOverAsync(string code, LinkMessage request, ClaimsPrincipal user, ILinkStore links, TimeProvider clock) =>
        TakeAsync(code, request.Content, content => links.HandOverAsync(code, user.Account(), content, clock.GetUtcNow()));

    private static async Task<Results<NoContent, Refused>> TakeAsync(string code, byte[] content, Func<byte[], Task<ErrorCode>> take)
    {
        if (content.Length > Limits.LinkMessageBytesMax)
            return new Refused(ErrorCode.TooLarge);
        ErrorCode refusal = IsCode(code) ? await take(content) : ErrorCode.LinkUnknown;
        return refusal == ErrorCode.None ? TypedResults.NoContent() : new Refused(refusal);
    }

    private static string CreateCode(RandomNumberGenerator random)
    {
        byte[] bytes = new byte[CodeChars];
        random.GetBytes(bytes);
        return string.Concat(bytes.Select(static b => CodeAlphabet[b % CodeAlphabet.Length]));
    }

    private static bool IsCode(string code) => code.Length == CodeChars && code.All(CodeAlphabet.Contains);
}
