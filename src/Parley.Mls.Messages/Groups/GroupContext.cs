using Parley.Mls.Messages.Extensions;

namespace Parley.Mls.Messages.Groups;

/// <summary>RFC 9420 §8.1: the state of a group that all members agree on.</summary>
/// <param name="CipherSuite">The group's suite.</param>
/// <param name="GroupId">The group's id.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="TreeHash">RFC 9420 §7.8: the hash of the ratchet tree.</param>
/// <param name="ConfirmedTranscriptHash">RFC 9420 §8.2.</param>
/// <param name="Extensions">The group's extensions.</param>
public sealed record GroupContext(
    CipherSuite CipherSuite,
    ReadOnlyMemory<byte> GroupId,
    ulong Epoch,
    ReadOnlyMemory<byte> TreeHash,
    ReadOnlyMemory<byte> ConfirmedTranscriptHash,
    ImmutableArray<Extension> Extensions) : ITlsStruct<GroupContext>
{
    /// <inheritdoc/>
    public static GroupContext Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if ((ProtocolVersion)reader.ReadUInt16() != ProtocolVersion.Mls10)
            reader.Fail(DecodeError.UnsupportedVersion);
        return new GroupContext(
            (CipherSuite)reader.ReadUInt16(), reader.ReadVector(), reader.ReadUInt64(), reader.ReadVector(), reader.ReadVector(), ExtensionList.Read(reader));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)ProtocolVersion.Mls10);
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteVector(GroupId);
        writer.WriteUInt64(Epoch);
        writer.WriteVector(TreeHash);
        writer.WriteVector(ConfirmedTranscriptHash);
        ExtensionList.Write(writer, Extensions);
    }
}
