using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Framing;

/// <summary>RFC 9420 §6: who sent a message.</summary>
public abstract record Sender
{
    private const byte MemberType = 1;
    private const byte ExternalType = 2;
    private const byte NewMemberProposalType = 3;
    private const byte NewMemberCommitType = 4;

    private Sender()
    {
    }

    internal static Sender Read(TlsReader reader)
    {
        switch (reader.ReadUInt8())
        {
            case MemberType:
                return new Member(new LeafIndex(reader.ReadUInt32()));
            case ExternalType:
                return new External(reader.ReadUInt32());
            case NewMemberProposalType:
                return new NewMemberProposal();
            case NewMemberCommitType:
                return new NewMemberCommit();
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new NewMemberProposal();
        }
    }

    internal static void WriteMember(TlsWriter writer, LeafIndex leaf)
    {
        writer.WriteUInt8(MemberType);
        writer.WriteUInt32(leaf.Value);
    }

    internal void Write(TlsWriter writer)
    {
        switch (this)
        {
            case Member member:
                WriteMember(writer, member.LeafIndex);
                break;
            case External external:
                writer.WriteUInt8(ExternalType);
                writer.WriteUInt32(external.SenderIndex);
                break;
            case NewMemberProposal:
                writer.WriteUInt8(NewMemberProposalType);
                break;
            case NewMemberCommit:
                writer.WriteUInt8(NewMemberCommitType);
                break;
        }
    }

    /// <summary>A member of the group.</summary>
    /// <param name="LeafIndex">Its leaf.</param>
    public sealed record Member(LeafIndex LeafIndex) : Sender;

    /// <summary>Someone in the <c>external_senders</c> extension.</summary>
    /// <param name="SenderIndex">The place in the list.</param>
    public sealed record External(uint SenderIndex) : Sender;

    /// <summary>Someone who proposes to be added.</summary>
    public sealed record NewMemberProposal : Sender;

    /// <summary>Someone who joins by an external Commit.</summary>
    public sealed record NewMemberCommit : Sender;
}
