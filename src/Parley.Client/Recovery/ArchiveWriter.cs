using System.Security.Cryptography;
using Parley.Client.Engine;

namespace Parley.Client.Recovery;

/// <summary>
/// Writes what a device knows into an archive. Contents are cut in the order in which they came to be, so that what was archived before is cut
/// the same way again, has the same names, and is not sent again.
/// </summary>
internal sealed class ArchiveWriter(EngineHost host, ArchiveSealer sealer, IArchiveSink sink)
{
    private const int ItemsPerRead = 256;
    private const int NamesPerList = 1024;

    private readonly List<ReadOnlyMemory<byte>> _names = [];
    private long _items;

    /// <summary>Writes all of it.</summary>
    /// <param name="now">The time that the archive bears.</param>
    /// <param name="progress">Told how many items have been archived.</param>
    /// <param name="cancellationToken">Stops; the former archive stays what it was.</param>
    public async Task<ClientResult<ArchiveSummary>> WriteAsync(DateTimeOffset now, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        now = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        IReadOnlyList<ArchiveContent> head = host.Look(static engine => engine.ReadArchiveHead());
        foreach (ArchiveContent content in head)
        {
            ClientResult put = await PutAsync(content, _names, cancellationToken);
            if (!put.Succeeded)
                return ClientResult.Refuse<ArchiveSummary>(put.Error);
        }

        foreach (ArchiveContent.Conversation conversation in head.OfType<ArchiveContent.Conversation>())
        {
            ClientResult written = await WriteTimelineAsync(conversation, progress, cancellationToken);
            if (!written.Succeeded)
                return ClientResult.Refuse<ArchiveSummary>(written.Error);
        }

        var lists = new List<ReadOnlyMemory<byte>>();
        foreach (ReadOnlyMemory<byte>[] list in _names.Chunk(NamesPerList))
        {
            ClientResult put = await PutAsync(new ArchiveContent.Names(list), lists, cancellationToken);
            if (!put.Succeeded)
                return ClientResult.Refuse<ArchiveSummary>(put.Error);
        }

        var manifest = new ArchiveManifest(now, head.OfType<ArchiveContent.Conversation>().Count(), _items, [.. lists]);
        ClientResult finished = await sink.FinishAsync(sealer.SealRoot(manifest.Encode()), cancellationToken);
        return finished.Succeeded ? ClientResult.Of(ArchiveSummary.Of(manifest)) : ClientResult.Refuse<ArchiveSummary>(finished.Error);
    }

    private async Task<ClientResult> WriteTimelineAsync(ArchiveContent.Conversation conversation, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var items = new List<Item>();
        int bytes = 0;
        long after = 0;
        while (true)
        {
            IReadOnlyList<Item> read = host.Look(engine => engine.ReadArchiveItems(conversation.Id, after, conversation.Record.LastOrder, ItemsPerRead));
            foreach (Item item in read)
            {
                int size = sizeof(long) + sizeof(int) + item.Encoded.Length;
                if (items.Count > 0 && bytes + size > ArchiveSealer.ContentBytes - 64)
                {
                    ClientResult put = await PutItemsAsync(conversation.Id, items, progress, cancellationToken);
                    if (!put.Succeeded)
                        return put;
                    (items, bytes) = ([], 0);
                }

                items.Add(item);
                bytes += size;
                after = item.Order;
            }

            if (read.Count < ItemsPerRead)
                break;
        }

        return items.Count > 0 ? await PutItemsAsync(conversation.Id, items, progress, cancellationToken) : ClientResult.Success;
    }

    private async Task<ClientResult> PutItemsAsync(ConversationId conversation, List<Item> items, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ClientResult put = await PutAsync(new ArchiveContent.Timeline(conversation, items), _names, cancellationToken);
        _items += items.Count;
        progress?.Report(_items);
        return put;
    }

    private async Task<ClientResult> PutAsync(ArchiveContent content, List<ReadOnlyMemory<byte>> names, CancellationToken cancellationToken)
    {
        byte[] encoded = content.Encode();
        ArchivePiece piece = sealer.Seal(encoded);
        CryptographicOperations.ZeroMemory(encoded);
        names.Add(piece.Name);
        return await sink.PutAsync(piece, cancellationToken);
    }
}

/// <summary>What an archive has.</summary>
/// <param name="MadeAt">When it was made.</param>
/// <param name="Conversations">How many conversations.</param>
/// <param name="Items">How many messages and notices.</param>
public sealed record ArchiveSummary(DateTimeOffset MadeAt, long Conversations, long Items)
{
    internal static ArchiveSummary Of(ArchiveManifest manifest) => new(manifest.MadeAt, manifest.Conversations, manifest.Items);
}
