using System.Diagnostics.CodeAnalysis;

namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6: what travels. Decoding is the first of the stages a message goes through; nothing is verified yet.</summary>
public abstract record MlsMessage : ITlsStruct<MlsMessage>
{
    private MlsMessage()
    {
    }

    /// <summary>How it is wrapped.</summary>
    public abstract WireFormat WireFormat { get; }

    /// <summary>Decodes bytes that hold exactly one message. The input is copied; nothing is thrown, whatever the bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out MlsMessage? message, out DecodeError error) =>
        Tls.TryDecode(encoded, out message, out error);

    /// <inheritdoc/>
    public static MlsMessage Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if ((ProtocolVersion)reader.ReadUInt16() != ProtocolVersion.Mls10)
            reader.Fail(DecodeError.UnsupportedVersion);
        switch ((WireFormat)reader.ReadUInt16())
        {
            case WireFormat.PublicMessage:
                return new Public(PublicMessage.Read(reader));
            case WireFormat.PrivateMessage:
                return new Private(PrivateMessage.Read(reader));
            case WireFormat.Welcome:
                return new Welcome(Groups.Welcome.Read(reader));
            case WireFormat.GroupInfo:
                return new GroupInfo(Groups.GroupInfo.Read(reader));
            case WireFormat.KeyPackage:
                return new KeyPackage(KeyPackages.KeyPackage.Read(reader));
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Private(new PrivateMessage(default, 0, ContentType.Application, default, default, default));
        }
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)ProtocolVersion.Mls10);
        writer.WriteUInt16((ushort)WireFormat);
        switch (this)
        {
            case Public message:
                message.Message.Write(writer);
                break;
            case Private message:
                message.Message.Write(writer);
                break;
            case Welcome message:
                message.Message.Write(writer);
                break;
            case GroupInfo message:
                message.Message.Write(writer);
                break;
            case KeyPackage message:
                message.Message.Write(writer);
                break;
        }
    }

    /// <summary>A PublicMessage.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Public(PublicMessage Message) : MlsMessage
    {
        /// <inheritdoc/>
        public override WireFormat WireFormat => WireFormat.PublicMessage;
    }

    /// <summary>A PrivateMessage.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Private(PrivateMessage Message) : MlsMessage
    {
        /// <inheritdoc/>
        public override WireFormat WireFormat => WireFormat.PrivateMessage;
    }

    /// <summary>A Welcome.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Welcome(Groups.Welcome Message) : MlsMessage
    {
        /// <inheritdoc/>
        public override WireFormat WireFormat => WireFormat.Welcome;
    }

    /// <summary>A GroupInfo.</summary>
    /// <param name="Message">The message.</param>
    public sealed record GroupInfo(Groups.GroupInfo Message) : MlsMessage
    {
        /// <inheritdoc/>
        public override WireFormat WireFormat => WireFormat.GroupInfo;
    }

    /// <summary>A KeyPackage.</summary>
    /// <param name="Message">The message.</param>
    public sealed record KeyPackage(KeyPackages.KeyPackage Message) : MlsMessage
    {
        /// <inheritdoc/>
        public override WireFormat WireFormat => WireFormat.KeyPackage;
    }
}
