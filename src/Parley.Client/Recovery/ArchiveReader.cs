namespace Parley.Client.Recovery;

/// <summary>Reads an archive, content by content. What is missing, damaged or another's is refused before anything that follows is believed.</summary>
internal sealed class ArchiveReader(ArchiveSealer sealer, IArchiveSource source)
{
    /// <summary>The root; refused where the code is another's.</summary>
    public async Task<ClientResult<ArchiveManifest>> OpenAsync(CancellationToken cancellationToken)
    {
        if (!(await source.GetRootAsync(cancellationToken)).TryGetValue(out byte[]? root, out ClientError? error))
            return ClientResult.Refuse<ArchiveManifest>(error);
        if (!sealer.TryOpenRoot(root, out byte[]? content))
            return ClientResult.Refuse<ArchiveManifest>(ClientErrorCode.RecoveryCodeWrong);
        return ArchiveManifest.TryDecode(content) is { } manifest ? ClientResult.Of(manifest) : ClientResult.Refuse<ArchiveManifest>(ClientErrorCode.ArchiveTooNew);
    }

    /// <summary>Hands every content over, the account first; and says at the end whether it was all that the root promises.</summary>
    public async Task<ClientResult> ReadAsync(ArchiveManifest manifest, Func<ArchiveContent, ClientResult> take, CancellationToken cancellationToken)
    {
        (long conversations, long items, bool isFirst) = (0, 0, true);
        var known = new HashSet<ConversationId>();
        foreach (ReadOnlyMemory<byte> list in manifest.NameLists)
        {
            if (!(await GetAsync(list, cancellationToken)).TryGetValue(out ArchiveContent? names, out ClientError? error))
                return ClientResult.Refuse(error);
            if (names is not ArchiveContent.Names { All: var all })
                return ClientResult.Refuse(ClientErrorCode.ArchiveDamaged);
            foreach (ReadOnlyMemory<byte> name in all)
            {
                if (!(await GetAsync(name, cancellationToken)).TryGetValue(out ArchiveContent? content, out error))
                    return ClientResult.Refuse(error);
                bool isInPlace = content is ArchiveContent.Account == isFirst && content switch
                {
                    ArchiveContent.Conversation conversation => known.Add(conversation.Id),
                    ArchiveContent.Timeline timeline => known.Contains(timeline.Id),
                    ArchiveContent.Names => false,
                    _ => true,
                };
                if (!isInPlace)
                    return ClientResult.Refuse(ClientErrorCode.ArchiveDamaged);
                isFirst = false;
                conversations += content is ArchiveContent.Conversation ? 1 : 0;
                items += content is ArchiveContent.Timeline { Items.Count: var count } ? count : 0;
                ClientResult taken = take(content);
                if (!taken.Succeeded)
                    return taken;
            }
        }

        bool isWhole = !isFirst && conversations == manifest.Conversations && items == manifest.Items;
        return isWhole ? ClientResult.Success : ClientResult.Refuse(ClientErrorCode.ArchiveDamaged);
    }

    private async Task<ClientResult<ArchiveContent>> GetAsync(ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        if (!(await source.GetAsync(name, cancellationToken)).TryGetValue(out byte[]? ciphertext, out ClientError? error))
            return ClientResult.Refuse<ArchiveContent>(error);
        bool isOpen = sealer.TryOpen(name.Span, ciphertext, out byte[]? opened);
        return isOpen && ArchiveContent.TryDecode(opened) is { } content ? ClientResult.Of(content) : ClientResult.Refuse<ArchiveContent>(ClientErrorCode.ArchiveDamaged);
    }
}
