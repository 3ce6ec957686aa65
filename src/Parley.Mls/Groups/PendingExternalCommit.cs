using System.Security.Cryptography;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Storage;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.3.2, §14: an external Commit of our own, made but not yet in effect. We are in the group once the Delivery Service
/// has accepted it; if another Commit was first, it is disposed and made again from a newer GroupInfo.
/// </summary>
public sealed class PendingExternalCommit : IDisposable
{
    private Group? _group;

    internal PendingExternalCommit(byte[] message, Group group)
    {
        Message = message;
        _group = group;
    }

    /// <summary>The encoded MLSMessage to send.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    private Group GroupToJoin => _group ?? throw new InvalidOperationException("The external Commit was joined or disposed before.");

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="ArgumentException">The bytes were not written by it, or the identity is another one.</exception>
    public static PendingExternalCommit Restore(GroupConfig config, LeafIdentity identity, ReadOnlySpan<byte> serialized)
    {
        byte[] copy = serialized.ToArray();
        try
        {
            var reader = new TlsReader(copy);
            byte[] message = reader.ReadVector().ToArray();
            var entries = new List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>();
            while (!reader.AtEnd)
                entries.Add(new(reader.ReadVector(), reader.ReadVector())); // Slices: restoring copies what it keeps.
            if (!reader.Finish())
                throw new ArgumentException("Not a serialized PendingExternalCommit.", nameof(serialized));
            return new PendingExternalCommit(message, Group.RestoreUnwritten(config, identity, entries));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    /// <summary>The Commit and the group it leads to as bytes: secret, to be encrypted by the caller's store.</summary>
    /// <exception cref="InvalidOperationException">It was joined or disposed before.</exception>
    public byte[] Serialize()
    {
        IReadOnlyList<StateWrite> writes = GroupToJoin.PeekWrites();
        var writer = new TlsWriter(Message.Length + 1024);
        writer.WriteVector(Message);
        foreach (StateWrite write in writes)
        {
            writer.WriteVector(write.Key);
            writer.WriteVector(write.Value ?? default); // A group that begins deletes nothing.
        }

        byte[] serialized = writer.ToArray();
        writer.Clear();
        return serialized;
    }

    /// <summary>
    /// The Delivery Service has accepted the Commit: joins. The group's whole state is in its first <see cref="Group.TakeWrites"/>, to be
    /// stored in one transaction that deletes what was serialized.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was joined or disposed before.</exception>
    public Group Join()
    {
        Group group = GroupToJoin;
        _group = null;
        return group;
    }

    /// <summary>Drops the Commit and zeroes its secrets.</summary>
    public void Dispose()
    {
        _group?.Dispose();
        _group = null;
    }
}
