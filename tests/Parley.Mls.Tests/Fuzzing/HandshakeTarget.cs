using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// A group under attack from inside. The input is a list of contents with their senders; each is completed by <see cref="ContentForge"/>,
/// then signed, tagged and encrypted with the real keys, so that what is tried are the rules behind the signature and the encryption. What
/// is accepted takes effect before the next. Content that does not decode is encrypted as it is.
/// </summary>
internal sealed class HandshakeTarget : FuzzTarget
{
    private const int MessagesMax = 8;
    private const byte PrivateFlag = 4;

    private readonly Lazy<FuzzGroup> _group = new(static () => new FuzzGroup());

    private enum Kind : byte
    {
        Member,
        External,
        NewMemberProposal,
        NewMemberCommit,
    }

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => HandshakeSeeds.All;

    /// <summary>How many messages of the last input were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>One entry of an input.</summary>
    public static void Write(TlsWriter writer, Sender sender, bool isPrivate, Content content)
    {
        (Kind kind, uint index) = sender switch
        {
            Sender.Member member => (Kind.Member, member.LeafIndex.Value),
            Sender.External external => (Kind.External, external.SenderIndex),
            Sender.NewMemberProposal => (Kind.NewMemberProposal, 0u),
            _ => (Kind.NewMemberCommit, 0u),
        };
        writer.WriteUInt8((byte)((byte)kind | (isPrivate ? PrivateFlag : 0)));
        writer.WriteUInt8((byte)index);
        writer.WriteUInt8((byte)content.Type);
        content.Write(writer);
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        FuzzGroup group = _group.Value;
        group.Reset();
        var forge = new ContentForge(group);
        byte[] copy = input.ToArray();
        var reader = new TlsReader(copy);
        bool hasNewProposal = false;
        Refused = 0;
        for (int i = 0; i < MessagesMax && !reader.AtEnd && !group.Group.IsRemoved && !group.Group.IsReinitialized; i++)
        {
            Received? received = group.Process(NextMessage(group, forge, reader, copy, (uint)i));
            Refused += received is null ? 1 : 0;
            hasNewProposal = received is Received.Proposal || (hasNewProposal && received is not Received.Commit);
            if (received is Received.Proposal proposal)
                forge.References.Add(proposal.Queued.Reference!.Value); // What is received has a reference.
        }

        if (hasNewProposal)
            group.CommitAndClear();
    }

    private static MlsMessage NextMessage(FuzzGroup group, ContentForge forge, TlsReader reader, byte[] input, uint generation)
    {
        byte flags = reader.ReadUInt8();
        Sender sender = ReadSender(flags, reader.ReadUInt8());
        byte type = reader.ReadUInt8();
        int start = reader.Position;
        Content content = Content.Read(reader, (ContentType)type);
        if (reader.Error != DecodeError.None)
            return SealPrivate(group, (ContentType)Math.Clamp(type, (byte)1, (byte)3), input.AsSpan(start), sender, generation);
        bool isPrivate = (flags & PrivateFlag) != 0;
        AuthenticatedContent signed = forge.Sign(content, sender, isPrivate ? WireFormat.PrivateMessage : WireFormat.PublicMessage);
        return isPrivate
            ? SealPrivate(group, content.Type, Forge.PlaintextOf(signed), sender, generation)
            : Forge.SealPublic(group.Group.EpochState(), signed);
    }

    private static Sender ReadSender(byte flags, byte index)
    {
        uint value = index == byte.MaxValue ? uint.MaxValue : index;
        return (Kind)(flags & 3) switch
        {
            Kind.Member => new Sender.Member(new LeafIndex(value)),
            Kind.External => new Sender.External(value),
            Kind.NewMemberProposal => new Sender.NewMemberProposal(),
            _ => new Sender.NewMemberCommit(),
        };
    }

    /// <summary>Sealed with the keys that the receiver itself will look for: all members have those of all.</summary>
    private static MlsMessage SealPrivate(FuzzGroup group, ContentType type, ReadOnlySpan<byte> plaintext, Sender sender, uint generation)
    {
        EpochState epoch = group.Group.EpochState();
        LeafIndex leaf = sender is Sender.Member member ? member.LeafIndex : default;
        RatchetType ratchet = type == ContentType.Application ? RatchetType.Application : RatchetType.Handshake;
        LeafIndex keysOf = leaf.Value < (uint)epoch.Tree.LeafCount ? leaf : default;

        // Beyond what may have been used before this input.
        generation += 16;
        byte[] key = new byte[epoch.Suite.AeadKeyBytes];
        byte[] nonce = new byte[epoch.Suite.AeadNonceBytes];
        epoch.MessageSecrets.Find(keysOf, ratchet, generation, key, nonce).Dispose();
        return Forge.SealRaw(epoch, type, plaintext, key, nonce, leaf, generation);
    }
}
