using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6: what a message holds.</summary>
public enum ContentType : byte
{
    /// <summary>Application data.</summary>
    Application = 1,

    /// <summary>A proposal.</summary>
    Proposal = 2,

    /// <summary>A Commit.</summary>
    Commit = 3,
}

/// <summary>RFC 9420 §6: the content of a message.</summary>
public abstract record Content
{
    private Content()
    {
    }

    /// <summary>The type of this content.</summary>
    public abstract ContentType Type { get; }

    /// <summary>About how many bytes the content takes with its signature.</summary>
    public int CapacityHint() => 128 + this switch
    {
        Application application => application.Data.Length,
        CommitContent commit => commit.Commit.CapacityHint(),
        _ => 1024,
    };

    /// <summary>Reads the content of a type that has been read before.</summary>
    public static Content Read(TlsReader reader, ContentType type)
    {
        ArgumentNullException.ThrowIfNull(reader);
        switch (type)
        {
            case ContentType.Application:
                return new Application(reader.ReadVector());
            case ContentType.Proposal:
                return new ProposalContent(Proposals.Proposal.Read(reader));
            case ContentType.Commit:
                return new CommitContent(Proposals.Commit.Read(reader));
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Application(default);
        }
    }

    /// <summary>Writes the content without its type.</summary>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (this)
        {
            case Application application:
                writer.WriteVector(application.Data);
                break;
            case ProposalContent proposal:
                proposal.Proposal.Write(writer);
                break;
            case CommitContent commit:
                commit.Commit.Write(writer);
                break;
        }
    }

    /// <summary>Application data.</summary>
    /// <param name="Data">The data.</param>
    public sealed record Application(ReadOnlyMemory<byte> Data) : Content
    {
        /// <inheritdoc/>
        public override ContentType Type => ContentType.Application;
    }

    /// <summary>A proposal.</summary>
    /// <param name="Proposal">The proposal.</param>
    public sealed record ProposalContent(Proposal Proposal) : Content
    {
        /// <inheritdoc/>
        public override ContentType Type => ContentType.Proposal;
    }

    /// <summary>A Commit.</summary>
    /// <param name="Commit">The Commit.</param>
    public sealed record CommitContent(Commit Commit) : Content
    {
        /// <inheritdoc/>
        public override ContentType Type => ContentType.Commit;
    }
}

/// <summary>RFC 9420 §6: a message's content with its place and sender.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">The epoch it was sent in.</param>
/// <param name="Sender">Who sent it.</param>
/// <param name="AuthenticatedData">Bytes of the application's, authenticated, not encrypted.</param>
/// <param name="Content">The content.</param>
public sealed record FramedContent(ReadOnlyMemory<byte> GroupId, ulong Epoch, Sender Sender, ReadOnlyMemory<byte> AuthenticatedData, Content Content)
    : ITlsStruct<FramedContent>
{
    /// <inheritdoc/>
    public static FramedContent Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ReadOnlyMemory<byte> groupId = reader.ReadVector();
        ulong epoch = reader.ReadUInt64();
        Sender sender = Sender.Read(reader);
        ReadOnlyMemory<byte> authenticatedData = reader.ReadVector();
        return new FramedContent(groupId, epoch, sender, authenticatedData, Content.Read(reader, (ContentType)reader.ReadUInt8()));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(GroupId);
        writer.WriteUInt64(Epoch);
        Sender.Write(writer);
        writer.WriteVector(AuthenticatedData);
        writer.WriteUInt8((byte)Content.Type);
        Content.Write(writer);
    }
}
