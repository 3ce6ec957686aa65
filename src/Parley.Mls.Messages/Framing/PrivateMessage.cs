namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6.3: a message that is encrypted. Group, epoch and content type are all that can be read of it.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">The epoch it was sent in.</param>
/// <param name="ContentType">What it holds.</param>
/// <param name="AuthenticatedData">Bytes of the application's, authenticated, not encrypted.</param>
/// <param name="EncryptedSenderData">Who sent it, sealed.</param>
/// <param name="Ciphertext">The content, sealed.</param>
public sealed record PrivateMessage(
    ReadOnlyMemory<byte> GroupId,
    ulong Epoch,
    ContentType ContentType,
    ReadOnlyMemory<byte> AuthenticatedData,
    ReadOnlyMemory<byte> EncryptedSenderData,
    ReadOnlyMemory<byte> Ciphertext) : ITlsStruct<PrivateMessage>
{
    /// <inheritdoc/>
    public static PrivateMessage Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ReadOnlyMemory<byte> groupId = reader.ReadVector();
        ulong epoch = reader.ReadUInt64();
        var type = (ContentType)reader.ReadUInt8();
        if (type is < ContentType.Application or > ContentType.Commit)
            reader.Fail(DecodeError.UnknownEnumValue);
        return new PrivateMessage(groupId, epoch, type, reader.ReadVector(), reader.ReadVector(), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(GroupId);
        writer.WriteUInt64(Epoch);
        writer.WriteUInt8((byte)ContentType);
        writer.WriteVector(AuthenticatedData);
        writer.WriteVector(EncryptedSenderData);
        writer.WriteVector(Ciphertext);
    }
}
