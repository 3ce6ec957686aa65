using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6: how a message is wrapped. The signature covers it.</summary>
public enum WireFormat : ushort
{
    /// <summary>PublicMessage.</summary>
    PublicMessage = 0x0001,

    /// <summary>PrivateMessage.</summary>
    PrivateMessage = 0x0002,

    /// <summary>Welcome.</summary>
    Welcome = 0x0003,

    /// <summary>GroupInfo.</summary>
    GroupInfo = 0x0004,

    /// <summary>KeyPackage.</summary>
    KeyPackage = 0x0005,
}

/// <summary>RFC 9420 §6: content with what authenticates it, before it is wrapped or after it has been unwrapped. Not yet verified.</summary>
/// <param name="WireFormat">How it travels.</param>
/// <param name="Content">The content.</param>
/// <param name="Auth">Its authentication.</param>
public sealed record AuthenticatedContent(WireFormat WireFormat, FramedContent Content, FramedContentAuthData Auth) : ITlsStruct<AuthenticatedContent>
{
    /// <inheritdoc/>
    public static AuthenticatedContent Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var format = (WireFormat)reader.ReadUInt16();
        if (format is not (WireFormat.PublicMessage or WireFormat.PrivateMessage))
            reader.Fail(DecodeError.UnknownEnumValue);
        FramedContent content = FramedContent.Read(reader);
        return new AuthenticatedContent(format, content, FramedContentAuthData.Read(reader, content.Content.Type));
    }

    /// <summary>RFC 9420 §6.1: encodes FramedContentTBS. It holds the content in the clear, so the caller zeroes it.</summary>
    /// <param name="wireFormat">How it travels.</param>
    /// <param name="content">The content.</param>
    /// <param name="context">The encoded GroupContext of the epoch; used where the sender is a member or joins by Commit.</param>
    public static byte[] EncodeToBeSigned(WireFormat wireFormat, FramedContent content, ReadOnlySpan<byte> context)
    {
        ArgumentNullException.ThrowIfNull(content);
        var writer = new TlsWriter(CapacityHint(content) + context.Length);
        WriteToBeSigned(writer, wireFormat, content, context);
        byte[] encoded = writer.ToArray();
        writer.Clear();
        return encoded;
    }

    /// <summary>RFC 9420 §6.1: writes FramedContentTBS, see <see cref="EncodeToBeSigned"/>.</summary>
    public static void WriteToBeSigned(TlsWriter writer, WireFormat wireFormat, FramedContent content, ReadOnlySpan<byte> context)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(content);
        writer.WriteUInt16((ushort)ProtocolVersion.Mls10);
        writer.WriteUInt16((ushort)wireFormat);
        content.Write(writer);
        if (content.Sender is Sender.Member or Sender.NewMemberCommit)
            writer.WriteBytes(context);
    }

    /// <summary>
    /// RFC 9420 §6.1: writes FramedContentTBS of application data, which only a member sends and only as PrivateMessage. The same as
    /// <see cref="WriteToBeSigned"/> of such content, without its structures: most messages are of this kind.
    /// </summary>
    public static void WriteApplicationToBeSigned(
        TlsWriter writer, ReadOnlySpan<byte> groupId, ulong epoch, LeafIndex sender, ReadOnlySpan<byte> authenticatedData, ReadOnlySpan<byte> data, ReadOnlySpan<byte> context)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)ProtocolVersion.Mls10);
        writer.WriteUInt16((ushort)WireFormat.PrivateMessage);
        writer.WriteVector(groupId);
        writer.WriteUInt64(epoch);
        Sender.WriteMember(writer, sender);
        writer.WriteVector(authenticatedData);
        writer.WriteUInt8((byte)ContentType.Application);
        writer.WriteVector(data);
        writer.WriteBytes(context);
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)WireFormat);
        Content.Write(writer);
        Auth.Write(writer);
    }

    /// <summary>RFC 9420 §6.2: encodes AuthenticatedContentTBM.</summary>
    /// <param name="context">The encoded GroupContext of the epoch.</param>
    public byte[] EncodeToBeMaced(ReadOnlySpan<byte> context)
    {
        var writer = new TlsWriter(CapacityHint(Content) + context.Length);
        WriteToBeSigned(writer, WireFormat, Content, context);
        Auth.Write(writer);
        return writer.ToArray();
    }

    /// <summary>RFC 9420 §8.2: writes ConfirmedTranscriptHashInput.</summary>
    public void WriteConfirmedTranscriptHashInput(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)WireFormat);
        Content.Write(writer);
        writer.WriteVector(Auth.Signature);
    }

    /// <summary>About how many bytes the content takes with what authenticates it.</summary>
    private static int CapacityHint(FramedContent content) => content.Content.CapacityHint() + content.AuthenticatedData.Length + 128;
}
