using System.Buffers.Binary;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;

namespace Parley.Client.Conversations;

/// <summary>
/// When a device gives its leaf new keys, whether its user writes or not, by a Commit of its own: a Commit heals at once, where an Update proposal
/// waits for somebody else and blanks the path above the leaf. A group hears of it seldom however large it is: each device has a time of its
/// own, and the more devices there are, the longer each waits.
/// </summary>
internal static class LeafSchedule
{
    /// <summary>How many of a group's devices, if all are late at once, need not wait at all.</summary>
    private const int AtOnceMax = 8;

    private const int DeviceIdBytes = Contracts.Limits.DeviceIdBytes;
    private const int HashBytes = 32;

    /// <summary>The longest a leaf of a group keeps its keys while its device is online.</summary>
    public static TimeSpan Interval(ConversationRecord record, int leaves)
    {
        TimeSpan shortest = record.IsLeafFromKeyPackage ? MlsProfile.JoinedLeafUpdateInterval : MlsProfile.LeafUpdateInterval;
        TimeSpan spaced = MlsProfile.LeafUpdateSpacing * leaves;
        return spaced > shortest ? spaced : shortest;
    }

    /// <summary>
    /// The device's time: somewhere in the second half of the interval. Drawn from what makes it this device's, this group's and this time's, so
    /// that it is the same after a restart and nothing has to be stored.
    /// </summary>
    public static DateTimeOffset DueAt(ICryptoProvider crypto, ConversationId conversation, DeviceId device, ConversationRecord record, int leaves)
    {
        Span<byte> input = stackalloc byte[ConversationId.Bytes + DeviceIdBytes + sizeof(long)];
        conversation.ToArray().CopyTo(input);
        device.ToArray().CopyTo(input[ConversationId.Bytes..]);
        BinaryPrimitives.WriteInt64BigEndian(input[^sizeof(long)..], record.LeafUpdatedAt.ToUnixTimeMilliseconds());
        Span<byte> hash = stackalloc byte[HashBytes];
        crypto.Hash(HashAlgorithm.Sha256, input, hash);
        double part = BinaryPrimitives.ReadUInt32BigEndian(hash) / (uint.MaxValue + 1.0);
        return record.LeafUpdatedAt + (Interval(record, leaves) * (0.5 + (part / 2)));
    }

    /// <summary>
    /// How long a device waits that finds itself late, as all do when a server comes back after weeks: not at all in a small group, and in a large one
    /// until its place in a row of all comes, whose order chance decides.
    /// </summary>
    public static TimeSpan WaitWhenLate(ICryptoProvider random, int leaves)
    {
        int place = (int)(RetryDelay.Fraction(random) * leaves);
        return place < AtOnceMax ? TimeSpan.Zero : MlsProfile.LateLeafUpdateSpacing * (place - AtOnceMax + 1);
    }

}
