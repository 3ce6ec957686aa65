using System.Collections.Immutable;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Tests.Codec;

/// <summary>RFC 9420 §2.1.2: lengths of variable-size vectors, their smallest form, and what they may claim.</summary>
public sealed class VectorLengthTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(1, "01")]
    [InlineData(63, "3F")]
    [InlineData(64, "4040")]
    [InlineData(0x3fff, "7FFF")]
    [InlineData(0x4000, "80004000")]
    [InlineData(0x3fffffff, "BFFFFFFF")]
    public void A_length_has_its_smallest_form(int length, string expected)
    {
        var writer = new TlsWriter();
        writer.WriteVectorLength(length);
        Assert.Equal(expected, Convert.ToHexString(writer.WrittenSpan));
        var reader = new TlsReader(writer.ToArray());
        Assert.Equal(length, reader.ReadVectorLength());
        Assert.True(reader.Finish());
    }

    [Theory]
    [InlineData("4000")]
    [InlineData("4005")]
    [InlineData("403F")]
    [InlineData("80000005")]
    [InlineData("80000040")]
    [InlineData("80003FFF")]
    [InlineData("C0")]
    [InlineData("C0000000")]
    [InlineData("C000000000000000")]
    [InlineData("FFFFFFFF")]
    public void A_length_in_a_longer_form_or_with_the_reserved_prefix_is_refused(string encoded)
    {
        var reader = new TlsReader(Convert.FromHexString(encoded));
        reader.ReadVectorLength();
        Assert.False(reader.Finish());
        Assert.Equal(DecodeError.VectorLengthInvalid, reader.Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("40")]
    [InlineData("80")]
    [InlineData("800040")]
    public void A_length_that_is_cut_off_is_refused(string encoded)
    {
        var reader = new TlsReader(Convert.FromHexString(encoded));
        reader.ReadVectorLength();
        Assert.Equal(DecodeError.Truncated, reader.Error);
    }

    [Fact]
    public void A_length_beyond_what_can_be_written_is_the_callers_mistake()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => new TlsWriter().WriteVectorLength(1 << 30));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new TlsWriter().WriteVectorLength(-1));
    }

    [Theory]
    [InlineData(62)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(0x3ffe)]
    [InlineData(0x3fff)]
    [InlineData(0x4000)]
    [InlineData(0x4001)]
    public void A_list_that_grows_over_a_form_of_the_length_is_written_right(int bytes)
    {
        var writer = new TlsWriter(1);
        writer.WriteUInt8(0xaa);
        int start = writer.BeginVector();
        for (int i = 0; i < bytes; i++)
            writer.WriteUInt8((byte)(i & 0xff));
        writer.EndVector(start);
        writer.WriteUInt8(0xbb);
        var reader = new TlsReader(writer.ToArray());
        Assert.Equal(0xaa, reader.ReadUInt8());
        Assert.Equal(Enumerable.Range(0, bytes).Select(static i => (byte)(i & 0xff)), reader.ReadVector().ToArray());
        Assert.Equal(0xbb, reader.ReadUInt8());
        Assert.True(reader.Finish());
    }

    [Theory]
    [InlineData("BFFFFFFF010203")]
    [InlineData("7FFF010203")]
    [InlineData("04010203")]
    public void A_length_past_the_end_is_refused_and_allocates_nothing(string encoded)
    {
        byte[] input = Convert.FromHexString(encoded);
        Decode(input);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Decode(input);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2000);

        static void Decode(byte[] input)
        {
            var reader = new TlsReader(input);
            reader.ReadVector();
            Assert.Equal(DecodeError.Truncated, reader.Error);
            reader = new TlsReader(input);
            reader.ReadVectorOf(static r => r.ReadUInt8(), int.MaxValue);
            Assert.Equal(DecodeError.Truncated, reader.Error);
        }
    }

    [Fact]
    public void Every_vector_of_a_message_may_claim_anything_and_costs_nothing()
    {
        byte[] message = new MlsMessage.Private(new PrivateMessage(new byte[4], 1, ContentType.Application, new byte[4], new byte[4], new byte[4])).Encode<MlsMessage>();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i + 4 <= message.Length; i++)
        {
            byte[] claims = [.. message];
            claims[i] = 0xbf;
            claims[i + 1] = claims[i + 2] = claims[i + 3] = 0xff;
            MlsMessage.TryDecode(claims, out _, out _);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_vector_holds_a_whole_number_of_elements()
    {
        byte[] encoded = new Capabilities([ProtocolVersion.Mls10], [], [], [], []).Encode();
        Assert.Equal("02000100000000", Convert.ToHexString(encoded));
        AssertRefused<Capabilities>("0300010000000000", DecodeError.Truncated);
        AssertRefused<Capabilities>("01000000000000", DecodeError.Truncated);
    }

    [Fact]
    public void Lists_are_taken_up_to_their_limit_and_not_beyond()
    {
        AssertLimit(MessageLimits.CapabilitiesMax, static count => new Capabilities([.. Enumerable.Repeat(ProtocolVersion.Mls10, count)], [], [], [], []));
        AssertLimit(MessageLimits.CapabilitiesMax, static count => new RequiredCapabilities([.. Enumerable.Repeat(ExtensionType.ApplicationId, count)], [], []));
        AssertLimit<Credential>(MessageLimits.CertificatesMax, static count => new Credential.X509([.. Enumerable.Repeat(default(ReadOnlyMemory<byte>), count)]));
        AssertLimit(
            MessageLimits.ExternalSendersMax,
            static count => new ExternalSenders([.. Enumerable.Repeat(new ExternalSender(default, new Credential.Basic(default)), count)]));
        AssertLimit<Proposal>(
            MessageLimits.ExtensionsMax,
            static count => new Proposal.GroupContextExtensions([.. Enumerable.Range(0, count).Select(static type => new Extension((ExtensionType)type, default))]));
        AssertLimit(MessageLimits.ProposalsMax, static count => new Commit([.. Enumerable.Repeat(new ProposalOrRef.ByReference(default), count)], null));
        AssertLimit(
            MessageLimits.WelcomeSecretsMax,
            static count => new Welcome(default, [.. Enumerable.Repeat(new EncryptedGroupSecrets(default, new HpkeCiphertext(default, default)), count)], default));
        AssertLimit(MessageLimits.LeavesMax, static count => new ParentNode(default, default, [.. Enumerable.Range(0, count).Select(static leaf => new LeafIndex((uint)leaf))]));
        AssertLimit(
            MessageLimits.ComponentsMax,
            static count => Enumerable.Range(0, count).Aggregate(AppDataDictionary.Empty, static (dictionary, id) => dictionary.With((ComponentId)id, default)));
        AssertLimit(MessageLimits.ComponentsMax, static count => new ComponentsList([.. Enumerable.Repeat(ComponentId.AppAck, count)]));
        AssertLimit(
            MessageLimits.MessageRangesMax,
            static count => new AppAck([.. Enumerable.Range(0, count).Select(static leaf => new MessageRange(new LeafIndex((uint)leaf), 0, 0))]));
        AssertLimit(MessageLimits.LeavesMax, static count => new UpdatePathNode(default, [.. Enumerable.Repeat(new HpkeCiphertext(default, default), count)]));
    }

    [Fact]
    public void A_path_is_taken_up_to_its_limit_and_not_beyond() =>
        AssertLimit(MessageLimits.PathNodesMax, static count => new UpdatePath(EmptyLeaf, [.. Enumerable.Repeat(new UpdatePathNode(default, []), count)]));

    [Fact]
    public void A_tree_is_taken_up_to_its_limit_and_not_beyond()
    {
        AssertTree(MessageLimits.TreeNodesMax, DecodeError.None);
        AssertTree(MessageLimits.TreeNodesMax + 2, DecodeError.TooManyElements);

        static void AssertTree(int nodes, DecodeError expected)
        {
            var tree = new RatchetTreeExtension([.. new Node?[nodes - 1], new Node.Leaf(EmptyLeaf)]);
            Assert.Equal(expected == DecodeError.None, Tls.TryDecode(tree.Encode(), out RatchetTreeExtension? _, out DecodeError error));
            Assert.Equal(expected, error);
        }
    }

    private static LeafNode EmptyLeaf { get; } = new(
        default, default, new Credential.Basic(default), new Capabilities([], [], [], [], []), new LeafNodeSource.Update(), ImmutableArray<Extension>.Empty, default);

    private static void AssertLimit<T>(int limit, Func<int, T> make)
        where T : class, ITlsStruct<T>
    {
        Assert.True(Tls.TryDecode(make(limit).Encode(), out T? _, out _));
        Assert.False(Tls.TryDecode(make(limit + 1).Encode(), out T? _, out DecodeError error));
        Assert.Equal(DecodeError.TooManyElements, error);
    }

    private static void AssertRefused<T>(string encoded, DecodeError expected)
        where T : class, ITlsStruct<T>
    {
        Assert.False(Tls.TryDecode(Convert.FromHexString(encoded), out T? _, out DecodeError error));
        Assert.Equal(expected, error);
    }
}
