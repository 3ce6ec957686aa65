using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;

namespace Parley.Mls.Tests.Vectors;

/// <summary>The working group's vectors of RFC 9420 §2.1, §6 and of every structure's encoding.</summary>
public sealed class MessageVectorTests
{
    [Fact]
    public void Deserialization() => VectorFiles.RunAll("mls", "deserialization", RunDeserialization);

    [Fact]
    public void Messages() => VectorFiles.RunAll("mls", "messages", RunMessages);

    [Fact]
    public void Message_protection() => VectorFiles.RunAll("mls", "message-protection", RunMessageProtection);

    private static string? RunDeserialization(JsonElement vector)
    {
        byte[] header = vector.Hex("vlbytes_header");
        var reader = new TlsReader(header);
        Assert.Equal(vector.Int("length"), reader.ReadVectorLength());
        Assert.True(reader.Finish());
        var writer = new TlsWriter();
        writer.WriteVectorLength(vector.Int("length"));
        Assert.Equal(header, writer.ToArray());
        return null;
    }

    private static string? RunMessages(JsonElement vector)
    {
        foreach (string name in (string[])["mls_welcome", "mls_group_info", "mls_key_package", "public_message_proposal", "public_message_commit", "private_message"])
            Suites.Decode<MlsMessage>(vector.Hex(name));
        Suites.Decode<RatchetTreeExtension>(vector.Hex("ratchet_tree"));
        Suites.Decode<Commit>(vector.Hex("commit"));
        RoundTripProposal<Proposal.Add>(vector.Hex("add_proposal"), ProposalType.Add);
        RoundTripProposal<Proposal.Update>(vector.Hex("update_proposal"), ProposalType.Update);
        RoundTripProposal<Proposal.Remove>(vector.Hex("remove_proposal"), ProposalType.Remove);
        RoundTripProposal<Proposal.PreSharedKey>(vector.Hex("pre_shared_key_proposal"), ProposalType.PreSharedKey);
        RoundTripProposal<Proposal.ReInit>(vector.Hex("re_init_proposal"), ProposalType.ReInit);
        RoundTripProposal<Proposal.ExternalInit>(vector.Hex("external_init_proposal"), ProposalType.ExternalInit);
        RoundTripProposal<Proposal.GroupContextExtensions>(vector.Hex("group_context_extensions_proposal"), ProposalType.GroupContextExtensions);

        byte[] encoded = vector.Hex("group_secrets");
        using GroupSecrets? secrets = GroupSecrets.Decode(encoded);
        Assert.NotNull(secrets);
        using Secret encodedAgain = GroupSecrets.Encode(secrets.JoinerSecret, secrets.PathSecret, secrets.Psks);
        Assert.Equal(encoded, encodedAgain.AsSpan());

        // RFC 9420 §6: application data is never public, so this one is refused, and for that alone.
        Assert.False(MlsMessage.TryDecode(vector.Hex("public_message_application"), out _, out DecodeError error));
        Assert.Equal(DecodeError.ApplicationDataInPublicMessage, error);
        return null;
    }

    // The vectors hold a proposal's content without its type.
    private static void RoundTripProposal<T>(byte[] content, ProposalType type)
        where T : Proposal
    {
        byte[] encoded = [(byte)((ushort)type >> 8), (byte)type, .. content];
        Assert.IsType<T>(Suites.Decode<Proposal>(encoded));
    }

    private static string? RunMessageProtection(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        var test = new Protection(suite, vector);
        var proposal = new Content.ProposalContent(Suites.Decode<Proposal>(vector.Hex("proposal")));
        var commit = new Content.CommitContent(Suites.Decode<Commit>(vector.Hex("commit")));
        test.Public(vector.Hex("proposal_pub"), proposal);
        test.Public(vector.Hex("commit_pub"), commit);
        test.Private(vector.Hex("proposal_priv"), proposal);
        test.Private(vector.Hex("commit_priv"), commit);
        test.Private(vector.Hex("application_priv"), new Content.Application(vector.Hex("application")));
        return null;
    }

    private sealed class Protection(CryptoSuite suite, JsonElement vector)
    {
        private static readonly LeafIndex Sender = new(1);

        private readonly Secret _membershipKey = new(vector.Hex("membership_key"));
        private readonly Secret _senderDataSecret = new(vector.Hex("sender_data_secret"));
        private readonly byte[] _context = new GroupContext(
            suite.Id, vector.Hex("group_id"), vector.ULong("epoch"), vector.Hex("tree_hash"), vector.Hex("confirmed_transcript_hash"), []).Encode();

        public void Public(byte[] encoded, Content expected)
        {
            var message = Assert.IsType<MlsMessage.Public>(Suites.Decode<MlsMessage>(encoded));
            Verify(PublicMessages.Open(suite, _membershipKey, message.Message, _context), expected);

            PublicMessage made = PublicMessages.Seal(suite, _membershipKey, Sign(WireFormat.PublicMessage, expected), _context);
            Verify(PublicMessages.Open(suite, _membershipKey, made, _context), expected);
        }

        public void Private(byte[] encoded, Content expected)
        {
            var message = Assert.IsType<MlsMessage.Private>(Suites.Decode<MlsMessage>(encoded));
            Verify(Open(message.Message), expected);

            AuthenticatedContent content = Sign(WireFormat.PrivateMessage, expected);
            var writer = new TlsWriter();
            PrivateMessages.WriteContent(writer, content, Padding.Padme);
            byte[] made = PrivateMessages.Seal(
                suite, _senderDataSecret, Tree(), Sender, content.Content.GroupId.Span, content.Content.Epoch, expected.Type, [], writer.WrittenSpan);
            Verify(Open(Assert.IsType<MlsMessage.Private>(Suites.Decode<MlsMessage>(made)).Message), expected);
        }

        private AuthenticatedContent Open(PrivateMessage message)
        {
            using SecretTree.FoundKeys keys = PrivateMessages.Open(suite, _senderDataSecret, Tree(), message, null, out byte[] opened);
            return PrivateMessages.ReadContent(message, keys.Leaf, opened);
        }

        private SecretTree Tree() => SecretTree.Create(suite, vector.ULong("epoch"), 2, new RatchetLimits(10, 10), new Secret(vector.Hex("encryption_secret")));

        private AuthenticatedContent Sign(WireFormat format, Content content)
        {
            var framed = new FramedContent(vector.Hex("group_id"), vector.ULong("epoch"), new Sender.Member(Sender), default, content);
            byte[] signature = suite.SignWithLabel(
                vector.PrivateKey(suite, "signature_priv"), vector.Hex("signature_pub"), "FramedContentTBS", AuthenticatedContent.EncodeToBeSigned(format, framed, _context));
            ReadOnlyMemory<byte>? tag = content is Content.CommitContent ? new byte[suite.HashBytes] : (ReadOnlyMemory<byte>?)null;
            return new AuthenticatedContent(format, framed, new FramedContentAuthData(signature, tag));
        }

        private void Verify(AuthenticatedContent content, Content expected)
        {
            byte[] signed = AuthenticatedContent.EncodeToBeSigned(content.WireFormat, content.Content, _context);
            Assert.True(suite.VerifyWithLabel(vector.Hex("signature_pub"), "FramedContentTBS", signed, content.Auth.Signature.Span));
            Assert.Equal(Encode(expected), Encode(content.Content.Content));
        }

        private static byte[] Encode(Content content)
        {
            var writer = new TlsWriter();
            content.Write(writer);
            return writer.ToArray();
        }
    }
}
