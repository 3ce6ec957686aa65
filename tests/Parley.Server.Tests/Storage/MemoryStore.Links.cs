using Parley.Contracts.Resources;

namespace Parley.Server.Tests.Storage;

/// <content>Devices that wait to be linked.</content>
internal sealed partial class MemoryStore
{
    private readonly Dictionary<string, MemoryLink> _links = [];

    public Task AddAsync(string code, byte[] secretHash, byte[] commitment, DateTimeOffset now, DateTimeOffset expiresAt)
    {
        lock (_gate)
            _links.Add(code, new MemoryLink(secretHash, null, expiresAt, new LinkState(commitment, null, null, null)));
        return Task.CompletedTask;
    }

    ValueTask<LinkState?> Parley.Server.Linking.ILinkStore.FindAsync(string code, DateTimeOffset now)
    {
        lock (_gate)
            return new(FindLink(code, now)?.State);
    }

    public Task<ErrorCode> AnswerAsync(string code, long account, byte[] content, DateTimeOffset now) => ChangeLink(
        code, now, link => link.Account is null || link.Account == account, link => link.State.Answer, content, link => link with { Account = account, State = link.State with { Answer = content } });

    public Task<ErrorCode> HandOverAsync(string code, long account, byte[] content, DateTimeOffset now) => ChangeLink(
        code, now, link => link.Account == account, link => link.State.Handover, content, link => link with { State = link.State with { Handover = content } });

    public Task<ErrorCode> RevealAsync(string code, byte[] secretHash, byte[] content, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (FindLink(code, now) is { } link && !link.SecretHash.AsSpan().SequenceEqual(secretHash))
                return Task.FromResult(ErrorCode.LinkUnknown);
        }

        return ChangeLink(code, now, link => link.State.Answer is not null, link => link.State.Reveal, content, link => link with { State = link.State with { Reveal = content } });
    }

    private Task<ErrorCode> ChangeLink(
        string code, DateTimeOffset now, Func<MemoryLink, bool> may, Func<MemoryLink, byte[]?> present, byte[] content, Func<MemoryLink, MemoryLink> change)
    {
        lock (_gate)
        {
            if (FindLink(code, now) is not { } link)
                return Task.FromResult(ErrorCode.LinkUnknown);
            if (!may(link) || (present(link) is { } former && !former.AsSpan().SequenceEqual(content)))
                return Task.FromResult(ErrorCode.LinkUsed);
            _links[code] = change(link);
            return Task.FromResult(ErrorCode.None);
        }
    }

    private MemoryLink? FindLink(string code, DateTimeOffset now) => _links.GetValueOrDefault(code) is { } link && link.ExpiresAt > now ? link : null;

    private sealed record MemoryLink(byte[] SecretHash, long? Account, DateTimeOffset ExpiresAt, LinkState State);
}
