using System.Collections.Immutable;
using System.Text;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Conversations;

/// <summary>
/// The part of a conversation's state that changes with every message: small, and rewritten in the transaction of each. What changes
/// with an epoch is in the <see cref="Roster"/> and in the group's own entries.
/// </summary>
internal sealed record ConversationRecord
{
    // Version 1 also kept what a list of conversations shows of the last item, which stands in the timeline already. Its flags had one byte.
    private const ushort FirstVersion = 1;
    private const ushort Version = 2;

    /// <summary>Direct or group.</summary>
    public required ConversationKind Kind { get; init; }

    /// <summary>The group's name; empty in a direct conversation.</summary>
    public required string Name { get; init; }

    /// <summary>Where one stands.</summary>
    public required Membership Membership { get; init; }

    /// <summary>Whether one may administer it.</summary>
    public bool IsAdmin { get; init; }

    /// <summary>Whether its group has the hybrid suite.</summary>
    public bool IsPostQuantum { get; init; }

    /// <summary>The suite of its group.</summary>
    public CipherSuite Suite => IsPostQuantum ? MlsProfile.Suite : MlsProfile.FallbackSuite;

    /// <summary>The last sequence number of the group's log that has been processed.</summary>
    public ulong Cursor { get; init; }

    /// <summary>The order of the last item in the timeline.</summary>
    public long LastOrder { get; init; }

    /// <summary>The order up to which the user has read.</summary>
    public long ReadUpTo { get; init; }

    /// <summary>How many of others' messages lie beyond it.</summary>
    public int Unread { get; init; }

    /// <summary>The number of the next entry of the outbox. They begin high, so that there are numbers left for what is put before all else.</summary>
    public long NextOutboxNumber { get; init; } = 1 << 20;

    /// <summary>Whether members have come who may not know the name one goes by.</summary>
    public bool IsProfileDue { get; init; }

    /// <summary>When one's own leaf last got new keys; when it came in, if it still has those of its KeyPackage.</summary>
    public DateTimeOffset LeafUpdatedAt { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>Whether one's own leaf still has the keys of the KeyPackage it came in with.</summary>
    public bool IsLeafFromKeyPackage { get; init; }

    /// <summary>Whether members' proposals wait for somebody's Commit.</summary>
    public bool HasProposals { get; init; }

    /// <summary>Whether one of them is against the rules, so that none of them can be committed.</summary>
    public bool HasUnlawfulProposals { get; init; }

    /// <summary>
    /// Whether this device has forgotten something it sent in this epoch, and so which of its keys it has used: its profile was restored from an old
    /// copy. None of them is used again; a Commit that needs none begins an epoch with others.
    /// </summary>
    public bool AreKeysStale { get; init; }

    /// <summary>Whether this device cannot follow its group any more, and waits to be added again.</summary>
    public bool IsLost => LogEpoch is not null;

    /// <summary>Once it is lost: the epoch that the log has come to, as the server says and as its Commits count; 0 until that is known.</summary>
    public ulong? LogEpoch { get; init; }

    /// <summary>Whether the members have been asked, in that epoch, to add this device again.</summary>
    public bool HasAskedToReturn { get; init; }

    /// <summary>Where the log's last Commit stands, whatever it was; 0 if there is none.</summary>
    public ulong LastCommit { get; init; }

    /// <summary>Where the Commit stands by which this device entered its epoch.</summary>
    public ulong EpochCommit { get; init; }

    /// <summary>
    /// The log's last Commit, if it is one that this device disregards: nobody can follow it, or the rules forbid it. The next Commit names it and takes its
    /// place.
    /// </summary>
    public ulong? RefusedCommit => IsLost || LastCommit == EpochCommit ? null : LastCommit;

    /// <summary>
    /// How many devices have a say about the Commit that began this epoch, or that this device could not follow: the members before it but those
    /// whom the server was told are removed by it. 0 if this device has none.
    /// </summary>
    public int Voters { get; init; }

    /// <summary>The devices that have said, since the log's last Commit, that they cannot follow it.</summary>
    public ImmutableArray<DeviceId> Objectors { get; init; } = [];

    /// <summary>Whether this device has its group as it was before a Commit that it could not follow, and others perhaps could.</summary>
    public bool IsDisputing { get; init; }

    /// <summary>Whether most of those who have a say, its maker aside, cannot follow the log's last Commit.</summary>
    public bool IsOverruled => Voters > 0 && Objectors.Length * 2 > Voters - 1;

    /// <summary>What those who are added are handed of what was said before.</summary>
    public HistoryPolicy History { get; init; } = HistoryPolicy.None;

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteUInt16(Version);
        writer.WriteUInt8((byte)Kind);
        writer.WriteVector(Encoding.UTF8.GetBytes(Name));
        writer.WriteUInt8((byte)Membership);
        writer.WriteUInt16((ushort)(
            (IsAdmin ? 1 : 0) | (IsProfileDue ? 2 : 0) | (HasProposals ? 4 : 0) | (HasUnlawfulProposals ? 8 : 0) | (IsPostQuantum ? 16 : 0)
            | (AreKeysStale ? 32 : 0) | (IsLost ? 64 : 0) | (HasAskedToReturn ? 128 : 0) | (IsLeafFromKeyPackage ? 256 : 0)));
        writer.WriteUInt64(Cursor);
        writer.WriteUInt64((ulong)LastOrder);
        writer.WriteUInt64((ulong)ReadUpTo);
        writer.WriteUInt32((uint)Unread);
        writer.WriteUInt64((ulong)NextOutboxNumber);
        writer.WriteUInt64((ulong)LeafUpdatedAt.ToUnixTimeMilliseconds());
        if (LogEpoch is { } epoch)
            writer.WriteUInt64(epoch);
        writer.WriteUInt8((byte)History.Kind);
        writer.WriteUInt16((ushort)History.Days);
        writer.WriteUInt64(LastCommit);
        writer.WriteUInt64(EpochCommit);
        writer.WriteUInt32((uint)Voters);
        writer.WriteUInt8((byte)(IsDisputing ? 1 : 0));
        writer.WriteVectorOf(Objectors, static (w, device) => w.WriteBytes(device.ToArray()));
        return writer.ToArray();
    }

    public static ConversationRecord Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        ushort version = reader.ReadUInt16();
        var kind = (ConversationKind)reader.ReadUInt8();
        string name = Encoding.UTF8.GetString(reader.ReadVector().Span);
        var membership = (Membership)reader.ReadUInt8();
        int flags = version == FirstVersion ? reader.ReadUInt8() : reader.ReadUInt16();
        var record = new ConversationRecord
        {
            Kind = kind,
            Name = name,
            Membership = membership,
            IsAdmin = (flags & 1) != 0,
            IsProfileDue = (flags & 2) != 0,
            HasProposals = (flags & 4) != 0,
            HasUnlawfulProposals = (flags & 8) != 0,
            IsPostQuantum = (flags & 16) != 0,
            AreKeysStale = (flags & 32) != 0,
            HasAskedToReturn = (flags & 128) != 0,
            IsLeafFromKeyPackage = (flags & 256) != 0,
            Cursor = reader.ReadUInt64(),
            LastOrder = (long)reader.ReadUInt64(),
            ReadUpTo = (long)reader.ReadUInt64(),
            Unread = (int)reader.ReadUInt32(),
        };
        if (version == FirstVersion)
        {
            reader.ReadUInt64();
            reader.ReadVector();
        }

        record = record with
        {
            NextOutboxNumber = (long)reader.ReadUInt64(),
            LeafUpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds((long)reader.ReadUInt64()),
            LogEpoch = (flags & 64) != 0 ? reader.ReadUInt64() : null,

            // A conversation of an earlier build ends here, or after its policy.
            History = reader.AtEnd ? HistoryPolicy.None : new HistoryPolicy((HistoryPolicyKind)reader.ReadUInt8(), reader.ReadUInt16()),
            LastCommit = reader.AtEnd ? 0 : reader.ReadUInt64(),
            EpochCommit = reader.AtEnd ? 0 : reader.ReadUInt64(),
            Voters = reader.AtEnd ? 0 : (int)reader.ReadUInt32(),
            IsDisputing = !reader.AtEnd && reader.ReadUInt8() == 1,
            Objectors = reader.AtEnd ? [] : reader.ReadVectorOf(StoredId.ReadDevice, MessageLimits.LeavesMax),
        };
        if (!reader.Finish() || version is not (FirstVersion or Version))
            throw new InvalidDataException("A stored conversation is damaged.");
        return record;
    }
}

/// <summary>Where one stands in a conversation, in more detail than a user is told.</summary>
internal enum Membership : byte
{
    /// <summary>A member.</summary>
    Active,

    /// <summary>One has proposed one's own removal and waits for somebody's Commit.</summary>
    Leaving,

    /// <summary>Gone by one's own wish.</summary>
    Left,

    /// <summary>Removed by someone else.</summary>
    Removed,

    /// <summary>A Commit broke the conversation's rules, so that its members cannot go on together.</summary>
    Broken,
}
