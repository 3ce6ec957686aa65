using System.Buffers.Binary;
using Parley.Client.Conversations;
using Parley.Client.Identity;
using Parley.Client.Recovery;
using Parley.Client.Store;
using Parley.Mls.Crypto;

namespace Parley.Client.Engine;

/// <content>What goes into an archive.</content>
internal sealed partial class ClientEngine
{
    private const int PeoplePerPiece = 256;

    private static readonly byte[] RecoveryKey = "recovery"u8.ToArray();

    /// <summary>Whether a recovery code was made on this device.</summary>
    public bool HasRecoveryCode => _context.Store.Get(RecoveryKey) is not null;

    /// <summary>The keys of the recovery code, or null if none was made. The caller disposes them.</summary>
    public ArchiveKeys? OpenArchiveKeys() => _context.Store.Get(RecoveryKey) is { } root ? ArchiveKeys.OfRoot(_context.Crypto, root) : null;

    /// <summary>Keeps what follows from a recovery code, in place of what was kept before.</summary>
    public void KeepRecovery(ArchiveKeys keys) => _context.Batch.Put(RecoveryKey, keys.Root.ToArray());

    /// <summary>Everything but the timelines: the account first, then people, then the conversations in the order of their ids.</summary>
    public IReadOnlyList<ArchiveContent> ReadArchiveHead()
    {
        Profile profile = _context.Profile;
        using Secret accountKey = profile.Identity.CloneAccountKey();
        IEnumerable<Person> people = _context.Accounts.All().OrderBy(static known => known.Handle.Value, StringComparer.Ordinal).Select(static known => new Person(known.Handle, known.Account));
        return
        [
            new ArchiveContent.Account(profile.Address, profile.Identity.Certificate, accountKey.AsSpan().ToArray(), profile.Nickname),
            .. people.Chunk(PeoplePerPiece).Select(static some => new ArchiveContent.People(some)),
            .. Conversations.Values.Where(static c => c.Record.Kind != ConversationKind.Devices).OrderBy(static c => c.Id.ToString(), StringComparer.Ordinal).Select(static c => new ArchiveContent.Conversation(c.Id, c.Record, c.Roster)),
        ];
    }

    /// <summary>The next items of a timeline behind an order, in ascending order, up to one that was the last when the archive was begun.</summary>
    public IReadOnlyList<Item> ReadArchiveItems(ConversationId id, long after, long last, int count)
    {
        byte[] prefix = new ConversationKeys(id).Timeline;
        return
        [
            .. _context.Store.Read(new StoreRange(prefix, count, Start: StoreKey.Of(prefix, StoreKey.OfNumber(after))))
                .Select(entry => new Item(BinaryPrimitives.ReadInt64BigEndian(entry.Key.AsSpan(prefix.Length)), entry.Value))
                .Where(item => item.Order <= last),
        ];
    }
}
