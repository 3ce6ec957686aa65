using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Groups;

/// <summary>RFC 9420 §12.4.3: what a new member needs to know of a group.</summary>
/// <param name="GroupContext">The group's state.</param>
/// <param name="Extensions">What else helps to join, such as the ratchet tree.</param>
/// <param name="ConfirmationTag">Of the Commit that began the epoch.</param>
/// <param name="Signer">The leaf that signed.</param>
/// <param name="Signature">Over <see cref="EncodeToBeSigned"/>, label "GroupInfoTBS".</param>
public sealed record GroupInfo(
    GroupContext GroupContext, ImmutableArray<Extension> Extensions, ReadOnlyMemory<byte> ConfirmationTag, LeafIndex Signer, ReadOnlyMemory<byte> Signature)
    : ITlsStruct<GroupInfo>
{
    /// <summary>About how many bytes it takes.</summary>
    public int CapacityHint => 1024 + Extensions.Sum(static extension => extension.Data.Length);

    /// <inheritdoc/>
    public static GroupInfo Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new GroupInfo(
            GroupContext.Read(reader), ExtensionList.Read(reader), reader.ReadVector(), new LeafIndex(reader.ReadUInt32()), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        WriteToBeSigned(writer);
        writer.WriteVector(Signature);
    }

    /// <summary>Encodes GroupInfoTBS.</summary>
    public byte[] EncodeToBeSigned()
    {
        var writer = new TlsWriter(CapacityHint);
        WriteToBeSigned(writer);
        return writer.ToArray();
    }

    /// <summary>Writes GroupInfoTBS.</summary>
    public void WriteToBeSigned(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        GroupContext.Write(writer);
        ExtensionList.Write(writer, Extensions);
        writer.WriteVector(ConfirmationTag);
        writer.WriteUInt32(Signer.Value);
    }
}
