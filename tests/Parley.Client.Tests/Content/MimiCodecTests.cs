using System.Text;
using CsCheck;
using Parley.Client.Content;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Content;

public sealed class MimiCodecTests
{
    // draft-ietf-mimi-content-09 §5.1, the original message of the examples, and its id.
    private const string Original =
        "87505eed9406c2545547ab6f09f20a18b003f640f6f6a2" +
        "0178206d696d693a2f2f6578616d706c652e636f6d2f752f616c6963652d736d697468" +
        "0278256d696d693a2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f7465616d" +
        "85016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d49" +
        "583948692065766572796f6e652c207765206a75737420736869707065642072656c6561736520322e302e205f5f476f6f642020776f726b5f5f21";

    private const string OriginalId = "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4";

    private static readonly Gen<ReadOnlyMemory<byte>> Bytes = Gen.Byte.Array[0, 40].Select(static b => (ReadOnlyMemory<byte>)b);
    private static readonly Gen<string> Text = Gen.String[Gen.Char.AlphaNumeric, 0, 30];
    private static readonly Gen<MessageId?> Id = Gen.OneOf(
        Gen.Const((MessageId?)null), Gen.Byte.Array[32].Select(static b => MessageId.TryParse(b, out MessageId id) ? (MessageId?)id : null));

    private static readonly Gen<MimiDisposition> Disposition = Gen.Byte.Select(static b => (MimiDisposition)b);

    private static readonly Gen<NestedPart> Simple = Gen.OneOf<NestedPart>(
        Gen.Select(Disposition, Text, static (d, l) => (NestedPart)new NestedPart.Null(d, l)),
        Gen.Select(Disposition, Text, Text, Bytes, static (d, l, t, c) => (NestedPart)new NestedPart.Single(d, l, t, c)),
        Gen.Select(Disposition, Text, Bytes, Gen.UInt, Gen.ULong, static (d, t, b, e, s) =>
            (NestedPart)new NestedPart.External(d, "en", t, new ExternalContent("https://x.example", e, s, 1, b, b, b, 1, b, t, t))));

    private static readonly Gen<NestedPart> Part = Gen.OneOf(
        Simple, Gen.Select(Disposition, Simple.Array[2, 5], static (d, p) => (NestedPart)new NestedPart.Multi(d, "", PartSemantics.ProcessAll, [.. p])));

    private static readonly Gen<MimiContent> Content = Gen.Select(
        Gen.Byte.Array[16], Id, Bytes, Id, Part, Gen.Select(Gen.Bool, Gen.UInt), Gen.Dictionary(Gen.Int, Text)[0, 4], static (salt, replaces, topic, reply, part, expires, extensions) => new MimiContent
        {
            Salt = salt,
            Replaces = replaces,
            TopicId = topic,
            InReplyTo = reply,
            Expires = new MimiExpiration(expires.Item1, expires.Item2),
            Extensions = MimiContent.NoExtensions.AddRange(extensions.Select(static e => KeyValuePair.Create(
                e.Key % 2 == 0 ? new MimiExtensionKey(e.Key) : new MimiExtensionKey("k" + e.Key), (ReadOnlyMemory<byte>)MimiCodec.EncodeText(e.Value)))),
            Body = part,
        });

    [Fact]
    public void The_drafts_example_decodes_and_encodes_to_itself()
    {
        byte[] encoded = Convert.FromHexString(Original);
        Assert.True(MimiCodec.TryDecode(encoded, out MimiContent? content));
        NestedPart.Single part = Assert.IsType<NestedPart.Single>(content.Body);
        Assert.Equal("text/markdown;variant=GFM-MIMI", part.ContentType);
        Assert.Equal("Hi everyone, we just shipped release 2.0. __Good  work__!", Encoding.UTF8.GetString(part.Content.Span));
        Assert.Equal(encoded, MimiCodec.Encode(content));
    }

    [Fact]
    public void The_drafts_example_has_the_id_the_draft_gives()
    {
        byte[] encoded = Convert.FromHexString(Original);
        Assert.True(MimiCodec.TryDecode(encoded, out MimiContent? content));
        MessageId id = MimiIdentifier.Derive(
            new NativeCryptoProvider(RandomSource.System), "mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team", encoded, content.Salt.Span);
        Assert.Equal(OriginalId, id.ToString());
    }

    [Fact]
    public void Decoding_what_was_encoded_gives_the_same_content() => Content.Sample(static content =>
    {
        byte[] encoded = MimiCodec.Encode(content);
        Assert.True(MimiCodec.TryDecode(encoded, out MimiContent? decoded));
        Assert.Equal(encoded, MimiCodec.Encode(decoded));
        Assert.Equal(content.Salt.ToArray(), decoded.Salt.ToArray());
        Assert.Equal((content.Replaces, content.InReplyTo, content.Expires), (decoded.Replaces, decoded.InReplyTo, decoded.Expires));
        Assert.Equal(content.TopicId.ToArray(), decoded.TopicId.ToArray());
        Assert.Equal(content.Extensions.Keys, decoded.Extensions.Keys);
        Assert.Equal(content.Body.GetType(), decoded.Body.GetType());
        Assert.Equal((content.Body.Disposition, content.Body.Language), (decoded.Body.Disposition, decoded.Body.Language));
    });

    [Fact]
    public void Random_bytes_are_refused_without_an_exception() =>
        Gen.Byte.Array[0, 200].Sample(static bytes => { MimiCodec.TryDecode(bytes, out _); }, iter: 20_000);

    [Fact]
    public void What_a_changed_message_decodes_to_encodes_to_itself() =>
        Gen.Select(Content, Gen.Int[0, 10_000], Gen.Byte).Sample(static (content, position, value) =>
        {
            byte[] encoded = MimiCodec.Encode(content);
            encoded[position % encoded.Length] = value;
            if (MimiCodec.TryDecode(encoded, out MimiContent? decoded))
                Assert.Equal(encoded, MimiCodec.Encode(decoded));
        }, iter: 20_000);

    [Theory]
    [InlineData("an indefinite array", "9f505eed9406c2545547ab6f09f20a18b003f640f6f6a0830160", "ff")]
    [InlineData("a salt of 15 bytes", "874f5eed9406c2545547ab6f09f20a18b0f640f6f6a083016000", "")]
    [InlineData("an overlong integer", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a08318016000", "")]
    [InlineData("doubled extension keys", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20160016083016000", "")]
    [InlineData("extension keys out of order", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20260016083016000", "")]
    [InlineData("an extension key beyond a double", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a11b00200000000000006083016000", "")]
    [InlineData("invalid UTF-8", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a0830161ff00", "")]
    [InlineData("a cardinality that is not known", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a083016004", "")]
    [InlineData("a byte left over", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a083016000", "00")]
    [InlineData("a length beyond the input", "87505eed9406c2545547ab6f09f20a18b003f65bffffffffffffffff", "")]
    [InlineData("a part of several with only one", "87505eed9406c2545547ab6f09f20a18b003f640f6f6a08501600302818301", "6000")]
    public void Decode_refuses(string what, string head, string tail)
    {
        Assert.False(MimiCodec.TryDecode(Convert.FromHexString(head + tail), out _), what);
    }

    [Fact]
    public void Parts_nested_deeper_than_four_are_refused()
    {
        NestedPart part = new NestedPart.Null(MimiDisposition.Render, "");
        for (int depth = 1; depth <= 5; depth++)
        {
            byte[] encoded = MimiCodec.Encode(new MimiContent { Salt = new byte[16], Body = part });
            Assert.Equal(depth <= 4, MimiCodec.TryDecode(encoded, out _));
            part = new NestedPart.Multi(MimiDisposition.Render, "", PartSemantics.ProcessAll, [part, part]);
        }
    }

    [Fact]
    public void An_action_is_text_to_clients_that_do_not_know_actions()
    {
        MimiContent content = MessageBody.Create(new OutgoingMessage.Action("waves"), new byte[16]);
        Assert.Equal(new MessageBody.Action("waves"), MessageBody.Read(content));
        Assert.Equal(new MessageBody.Text("waves"), MessageBody.Read(content with { Extensions = MimiContent.NoExtensions }));
    }

    [Fact]
    public void What_is_not_known_is_named()
    {
        static MessageBody Read(NestedPart part) => MessageBody.Read(new MimiContent { Salt = new byte[16], Body = part });
        Assert.Equal(new MessageBody.Unknown("image/png"), Read(new NestedPart.Single(MimiDisposition.Render, "", "image/png", new byte[4])));
        Assert.Equal(new MessageBody.Unknown("session"), Read(new NestedPart.Single(MimiDisposition.Session, "", "text/plain", new byte[4])));
        Assert.Equal(new MessageBody.Unknown("77"), Read(new NestedPart.Single((MimiDisposition)77, "", "text/plain", new byte[4])));
        Assert.Equal(new MessageBody.Unknown("text/plain"), Read(new NestedPart.Single(MimiDisposition.Render, "", "text/plain", new byte[] { 0xff })));
        Assert.Equal(new MessageBody.Unknown("empty"), Read(new NestedPart.Null(MimiDisposition.Render, "")));
    }

    [Theory]
    [InlineData("Ada Lovelace", true)]
    [InlineData("Zoë 🦊", true)]
    [InlineData("", false)]
    [InlineData("  ", false)]
    [InlineData("two\nlines", false)]
    [InlineData("turned\u202eround", false)]
    public void A_name_is_one_line_that_can_be_read(string name, bool expected) => Assert.Equal(expected, MessageBody.IsName(name));
}
