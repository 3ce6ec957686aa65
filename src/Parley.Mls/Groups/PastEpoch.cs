using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>
/// What is kept of a past epoch, to open messages that come late: the keys not yet used, and of the tree only the leaves that the
/// Commit which ended the epoch replaced. A leaf that is not among them is looked for in the epoch after.
/// </summary>
internal sealed class PastEpoch(ulong epoch, byte[] encodedContext, Secret senderDataSecret, SecretTree messageSecrets, Dictionary<LeafIndex, LeafNode?> replaced)
    : IDisposable
{
    public ulong Epoch { get; } = epoch;

    public byte[] EncodedContext { get; } = encodedContext;

    public Secret SenderDataSecret { get; } = senderDataSecret;

    public SecretTree MessageSecrets { get; } = messageSecrets;

    public bool TryGetReplaced(LeafIndex index, out LeafNode? leaf) => replaced.TryGetValue(index, out leaf);

    public byte[] Serialize()
    {
        var writer = new TlsWriter(512);
        writer.WriteVector(EncodedContext);
        writer.WriteVector(SenderDataSecret.AsSpan());
        writer.WriteUInt32((uint)MessageSecrets.LeafCount);
        foreach ((LeafIndex index, LeafNode? leaf) in replaced)
        {
            writer.WriteUInt32(index.Value);
            writer.WriteOptional(leaf, Tls.WriteStruct);
        }

        byte[] serialized = writer.ToArray();
        writer.Clear();
        return serialized;
    }

    /// <summary>Reads what <see cref="Serialize"/> wrote, and takes it over.</summary>
    public static PastEpoch Restore(CryptoSuite suite, ulong epoch, RatchetLimits limits, byte[] serialized)
    {
        var reader = new TlsReader(serialized);
        byte[] context = reader.ReadVector().ToArray();
        Secret senderData = reader.TakeSecret();
        int leafCount = RatchetTree.ReadLeafCount(reader);
        var replaced = new Dictionary<LeafIndex, LeafNode?>();
        while (!reader.AtEnd)
        {
            var index = new LeafIndex(reader.ReadUInt32());
            replaced[index] = reader.ReadOptional(LeafNode.Read);
        }

        Invariant.That(reader.Finish());
        return new PastEpoch(epoch, context, senderData, SecretTree.CreateEmpty(suite, epoch, leafCount, limits), replaced);
    }

    public void Dispose()
    {
        SenderDataSecret.Dispose();
        MessageSecrets.Dispose();
    }
}
