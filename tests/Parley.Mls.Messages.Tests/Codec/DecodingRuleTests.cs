using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Tests.Codec;

/// <summary>RFC 9420 §2.1, §6, §7, §12, §13: encodings that break one rule.</summary>
public sealed class DecodingRuleTests
{
    private static readonly LeafNode Leaf = new(
        new byte[] { 1 },
        new byte[] { 2 },
        new Credential.Basic(new byte[] { 3 }),
        new Capabilities([ProtocolVersion.Mls10], [CipherSuite.X25519Aes128GcmSha256Ed25519], [], [], [CredentialType.Basic]),
        new LeafNodeSource.KeyPackage(new Lifetime(4, 5)),
        [],
        new byte[] { 6 });

    private static readonly KeyPackage Package = new(CipherSuite.X25519Aes128GcmSha256Ed25519, new byte[] { 7 }, Leaf, [], new byte[] { 8 });

    private static readonly Extension Twice = new((ExtensionType)0xf001, default);

    [Theory]
    [InlineData(2)]
    [InlineData(0x7f)]
    [InlineData(0xff)]
    public void A_presence_octet_is_zero_or_one(byte octet)
    {
        byte[] encoded = new Commit([], null).Encode();
        Assert.Equal(new byte[] { 0, 0 }, encoded);
        encoded[1] = octet;
        AssertRefused<Commit>(encoded, DecodeError.PresenceInvalid);
        AssertRefused<RatchetTreeExtension>([1, octet], DecodeError.PresenceInvalid);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(0x0a0a)]
    public void A_version_is_mls10(int version)
    {
        byte[] message = new MlsMessage.KeyPackage(Package).Encode<MlsMessage>();
        AssertRefused<MlsMessage>(With(message, 0, version), DecodeError.UnsupportedVersion);
        AssertRefused<MlsMessage>(With(message, 4, version), DecodeError.UnsupportedVersion);
        AssertRefused<KeyPackage>(With(Package.Encode(), 0, version), DecodeError.UnsupportedVersion);
        AssertRefused<GroupContext>(With(new GroupContext(default, default, 0, default, default, []).Encode(), 0, version), DecodeError.UnsupportedVersion);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(0x0a0a)]
    public void A_wire_format_is_a_known_one(int format) =>
        AssertRefused<MlsMessage>(With(new MlsMessage.KeyPackage(Package).Encode<MlsMessage>(), 2, format), DecodeError.UnknownEnumValue);

    [Theory]
    [InlineData(0)]
    [InlineData((int)WireFormat.Welcome)]
    [InlineData(0x0a0a)]
    public void Content_travels_as_a_PublicMessage_or_a_PrivateMessage(int format)
    {
        var framed = new FramedContent(default, 0, new Sender.Member(default), default, new Content.Application(default));
        byte[] encoded = new AuthenticatedContent(WireFormat.PrivateMessage, framed, new FramedContentAuthData(default, null)).Encode();
        AssertRefused<AuthenticatedContent>(With(encoded, 0, format), DecodeError.UnknownEnumValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(255)]
    public void Enumerations_that_say_how_to_read_on_are_known_ones(byte value)
    {
        byte[] privateMessage = new PrivateMessage(default, 0, ContentType.Application, default, default, default).Encode();
        privateMessage[9] = value;
        AssertRefused<PrivateMessage>(privateMessage, DecodeError.UnknownEnumValue);
        byte[] framed = new FramedContent(default, 0, new Sender.NewMemberProposal(), default, new Content.Application(default)).Encode();
        framed[11] = value;
        AssertRefused<FramedContent>(framed, DecodeError.UnknownEnumValue);
        byte[] resumption = new PreSharedKeyId.Resumption(ResumptionPskUsage.Application, default, 0, default).Encode<PreSharedKeyId>();
        resumption[1] = value;
        AssertRefused<PreSharedKeyId>(resumption, DecodeError.UnknownEnumValue);
        int source = Leaf.Encode().Length - 4 - 16;
        AssertRefused<LeafNode>(WithByte(Leaf.Encode(), source, value), DecodeError.UnknownEnumValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(255)]
    public void Enumerations_of_two_values_are_known_ones(byte value)
    {
        AssertRefused<Node>(WithByte(new Node.Parent(new ParentNode(default, default, [])).Encode<Node>(), 0, value), DecodeError.UnknownEnumValue);
        AssertRefused<PreSharedKeyId>(WithByte(new PreSharedKeyId.External(default, default).Encode<PreSharedKeyId>(), 0, value), DecodeError.UnknownEnumValue);
        AssertRefused<ProposalOrRef>(WithByte(new ProposalOrRef.ByReference(default).Encode<ProposalOrRef>(), 0, value), DecodeError.UnknownEnumValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(255)]
    public void A_sender_type_is_a_known_one(byte value)
    {
        byte[] framed = new FramedContent(default, 0, new Sender.NewMemberProposal(), default, new Content.Application(default)).Encode();
        AssertRefused<FramedContent>(WithByte(framed, 9, value), DecodeError.UnknownEnumValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x000b)]
    [InlineData(0x0a0a)]
    [InlineData(0xf001)]
    public void Proposals_and_credentials_in_use_are_of_known_types(int type)
    {
        AssertRefused<Proposal>(With(new Proposal.Remove(default).Encode<Proposal>(), 0, type), DecodeError.UnknownEnumValue);
        if (type != 0)
            AssertRefused<Credential>(With(new Credential.Basic(default).Encode<Credential>(), 0, type), DecodeError.UnknownEnumValue);
        AssertRefused<Credential>(With(new Credential.Basic(default).Encode<Credential>(), 0, 0), DecodeError.UnknownEnumValue);
    }

    [Fact]
    public void Unknown_values_in_lists_of_capabilities_are_kept_byte_for_byte()
    {
        var capabilities = new Capabilities(
            [(ProtocolVersion)0x0a0a, default, ProtocolVersion.Mls10],
            [(CipherSuite)0x1a1a, default],
            [(ExtensionType)0x2a2a, default],
            [(ProposalType)0x3a3a, default],
            [(CredentialType)0x4a4a, default]);
        byte[] encoded = capabilities.Encode();
        Assert.True(Tls.TryDecode(encoded, out Capabilities? decoded, out _));
        Assert.Equal(encoded, decoded.Encode());
        Assert.Equal(capabilities.Proposals, decoded.Proposals);
    }

    [Fact]
    public void No_list_of_extensions_has_a_type_twice()
    {
        AssertDuplicateRefused(Leaf with { Extensions = [Twice, Twice] });
        AssertDuplicateRefused(Package with { Extensions = [Twice, Twice] });
        var context = new GroupContext(default, default, 0, default, default, [Twice, new Extension(default, default), Twice]);
        AssertDuplicateRefused(context);
        AssertDuplicateRefused(new GroupInfo(context with { Extensions = [] }, [Twice, Twice], default, default, default));
        AssertDuplicateRefused<Proposal>(new Proposal.ReInit(default, default, default, [Twice, Twice]));
        AssertDuplicateRefused<Proposal>(new Proposal.GroupContextExtensions([Twice, Twice]));
    }

    [Fact]
    public void Nothing_follows_a_structure_at_any_level()
    {
        AssertRefused<LeafNode>([.. Leaf.Encode(), 0], DecodeError.TrailingBytes);
        AssertRefused<KeyPackage>([.. Package.Encode(), 0], DecodeError.TrailingBytes);
        AssertRefused<MlsMessage>([.. new MlsMessage.KeyPackage(Package).Encode<MlsMessage>(), 0], DecodeError.TrailingBytes);
        AssertRefused<ExternalPub>([.. new ExternalPub(new byte[32]).Encode(), 0], DecodeError.TrailingBytes);
        AssertRefused<RequiredCapabilities>([0, 0, 0, 0], DecodeError.TrailingBytes);
        AssertRefused<ExternalSenders>([0, 0], DecodeError.TrailingBytes);
        AssertRefused<RatchetTreeExtension>([.. new RatchetTreeExtension([new Node.Leaf(Leaf)]).Encode(), 0], DecodeError.TrailingBytes);

        var inner = new TlsReader(new byte[] { 2, 1, 1 });
        Assert.Equal(1, inner.ReadInVector(static reader => reader.ReadUInt8()));
        Assert.Equal(DecodeError.TrailingBytes, inner.Error);

        // Half an element at the end of a list: inside of the list it is cut off.
        AssertRefused<ParentNode>([0, 0, 5, 0, 0, 0, 1, 0], DecodeError.Truncated);
        AssertRefused<RatchetTreeExtension>([3, 0, 1, 2], DecodeError.Truncated);
    }

    [Fact]
    public void External_pub_has_a_length_of_its_own_inside_of_the_extension()
    {
        Assert.Equal("03010203", Convert.ToHexString(new ExternalPub(new byte[] { 1, 2, 3 }).Encode()));
        AssertRefused<ExternalPub>([1, 2, 3], DecodeError.TrailingBytes);
    }

    [Fact]
    public void Unmerged_leaves_are_in_ascending_order()
    {
        foreach (uint[] leaves in (uint[][])[[1, 0], [1, 1], [0, 2, 1], [uint.MaxValue, 0]])
        {
            var node = new ParentNode(default, default, [.. leaves.Select(static leaf => new LeafIndex(leaf))]);
            AssertRefused<ParentNode>(node.Encode(), DecodeError.UnmergedLeavesNotSorted);
        }
    }

    [Fact]
    public void A_ratchet_tree_is_not_empty_ends_in_a_node_and_has_each_kind_in_its_place()
    {
        Node leaf = new Node.Leaf(Leaf);
        Node parent = new Node.Parent(new ParentNode(default, default, []));
        foreach (Node?[] nodes in (Node?[][])[[], [null], [leaf, null], [leaf, parent, leaf, null], [parent], [leaf, leaf], [leaf, parent, parent], [null, leaf]])
            AssertRefused<RatchetTreeExtension>(new RatchetTreeExtension([.. nodes]).Encode(), DecodeError.RatchetTreeInvalid);
        foreach (Node?[] nodes in (Node?[][])[[leaf], [null, parent], [leaf, null, leaf], [leaf, parent, null, null, leaf]])
            Assert.True(Tls.TryDecode(new RatchetTreeExtension([.. nodes]).Encode(), out RatchetTreeExtension? _, out _));
    }

    [Fact]
    public void Components_of_a_dictionary_are_in_ascending_order()
    {
        AppDataDictionary dictionary = AppDataDictionary.Empty.With((ComponentId)0x8000, new byte[] { 3, 4 }).With((ComponentId)1, default);
        Assert.Equal("080001008000020304", Convert.ToHexString(dictionary.Encode()));
        Assert.Equal("058000020304", Convert.ToHexString(dictionary.Without((ComponentId)1).Encode()));
        Assert.NotNull(dictionary.Find((ComponentId)1));
        Assert.Null(dictionary.Find((ComponentId)2));
        AssertRefused<AppDataDictionary>([6, 0, 2, 0, 0, 1, 0], DecodeError.ComponentsNotSorted);
        AssertRefused<AppDataDictionary>([6, 0, 1, 0, 0, 1, 0], DecodeError.ComponentsNotSorted);
    }

    [Fact]
    public void Ranges_of_an_AppAck_are_not_empty_ascend_and_do_not_overlap()
    {
        var range = new MessageRange(new LeafIndex(1), 3, 5);
        foreach (MessageRange other in (MessageRange[])[range, new(new LeafIndex(1), 5, 9), new(new LeafIndex(0), 9, 9), new(new LeafIndex(2), 1, 0)])
            AssertRefused<AppAck>(new AppAck([range, other]).Encode(), DecodeError.MessageRangeInvalid);
        Assert.True(Tls.TryDecode(new AppAck([range, new(new LeafIndex(1), 6, 6), new(new LeafIndex(2), 0, 0)]).Encode(), out AppAck? _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(255)]
    public void An_AppDataUpdate_is_an_update_or_a_removal(byte operation)
    {
        byte[] removal = new Proposal.AppDataUpdate((ComponentId)0x8001, null).Encode<Proposal>();
        Assert.Equal("0008800102", Convert.ToHexString(removal));
        AssertRefused<Proposal>(WithByte(removal, 4, operation), DecodeError.UnknownEnumValue);
    }

    [Fact]
    public void Application_data_is_not_sent_in_a_PublicMessage()
    {
        var content = new FramedContent(default, 0, new Sender.Member(default), default, new Content.Application(default));
        AssertRefused<PublicMessage>(
            new PublicMessage(content, new FramedContentAuthData(default, null), new byte[32]).Encode(), DecodeError.ApplicationDataInPublicMessage);
    }

    [Fact]
    public void Tags_are_there_exactly_where_the_content_and_sender_demand_them()
    {
        var proposal = new FramedContent(default, 0, new Sender.NewMemberProposal(), default, new Content.ProposalContent(new Proposal.Remove(default)));
        FramedContent commit = proposal with { Content = new Content.CommitContent(new Commit([], null)) };
        var tagged = new FramedContentAuthData(default, new byte[32]);
        var untagged = new FramedContentAuthData(default, null);
        AssertRefused<PublicMessage>(new PublicMessage(proposal, tagged, null).Encode(), DecodeError.TrailingBytes);
        AssertRefused<PublicMessage>(new PublicMessage(proposal, untagged, new byte[32]).Encode(), DecodeError.TrailingBytes);
        AssertRefused<PublicMessage>(new PublicMessage(commit, untagged, null).Encode(), DecodeError.Truncated);
        AssertRefused<PublicMessage>(new PublicMessage(proposal with { Sender = new Sender.Member(default) }, untagged, null).Encode(), DecodeError.Truncated);
    }

    [Fact]
    public void Numbers_have_the_widths_of_the_RFC()
    {
        Assert.Equal(1 + 8 + 1 + 1 + 1 + 1, new PrivateMessage(default, 0, ContentType.Application, default, default, default).Encode().Length);
        Assert.Equal("0003FFFFFFFF", Convert.ToHexString(new Proposal.Remove(new LeafIndex(uint.MaxValue)).Encode<Proposal>()));
        Assert.Equal("0000FFFFFFFFFFFFFFFF01FFFFFFFE000100", Convert.ToHexString(Prefixed(ulong.MaxValue)));
        Assert.Equal("01" + "0000000000000004" + "0000000000000005", Convert.ToHexString(Leaf.Encode().AsSpan(^20..^3)));

        static byte[] Prefixed(ulong epoch)
        {
            var framed = new FramedContent(default, epoch, new Sender.Member(new LeafIndex(uint.MaxValue - 1)), default, new Content.Application(default));
            return [0, .. framed.Encode()];
        }
    }

    [Fact]
    public void A_list_of_one_byte_elements_as_long_as_the_input_ends_quickly()
    {
        // Every presence octet is a node: a megabyte of them is refused at the limit, not after it.
        byte[] nodes = [0x80, 0x10, 0, 0, .. new byte[1 << 20]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused<RatchetTreeExtension>(nodes, DecodeError.TooManyElements);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    private static void AssertDuplicateRefused<T>(T value)
        where T : class, ITlsStruct<T> => AssertRefused<T>(value.Encode(), DecodeError.DuplicateExtension);

    private static void AssertRefused<T>(byte[] encoded, DecodeError expected)
        where T : class, ITlsStruct<T>
    {
        Assert.False(Tls.TryDecode(encoded, out T? value, out DecodeError error));
        Assert.Null(value);
        Assert.Equal(expected, error);
    }

    private static byte[] With(byte[] encoded, int place, int value) => WithByte(WithByte(encoded, place, (byte)(value >> 8)), place + 1, (byte)(value & 0xff));

    private static byte[] WithByte(byte[] encoded, int place, byte value)
    {
        byte[] changed = [.. encoded];
        changed[place] = value;
        return changed;
    }
}
