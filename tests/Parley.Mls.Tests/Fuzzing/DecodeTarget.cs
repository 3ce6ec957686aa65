using System.Collections.Immutable;
using System.Formats.Asn1;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Validation;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// Every decoder. The first byte chooses the structure, the rest is decoded as one. What decodes encodes to the same bytes, what does not
/// has an error, and either costs memory in proportion to the input.
/// </summary>
internal sealed class DecodeTarget : FuzzTarget
{
    /// <summary>
    /// Bytes allocated for each byte of input, at most: an element of two bytes, such as an empty HpkeCiphertext, becomes an object of
    /// 48, and the list it is in grows by doubling.
    /// </summary>
    public const int AllocationFactor = 48;

    private const int AllocationBase = 2048;

    /// <summary>A refusal by exception costs by itself.</summary>
    private const int ExceptionBase = 16 * 1024;

    /// <summary>New ones stand at the end, so that kept inputs go on meaning what they did.</summary>
    private static readonly ImmutableArray<Decoder> Decoders =
    [
        new(typeof(MlsMessage), Decode<MlsMessage>),
        new(typeof(Welcome), Decode<Welcome>),
        new(typeof(GroupInfo), Decode<GroupInfo>),
        new(typeof(RatchetTreeExtension), Decode<RatchetTreeExtension>),
        new(typeof(KeyPackage), Decode<KeyPackage>),
        new(typeof(Commit), Decode<Commit>),
        new(typeof(Proposal), Decode<Proposal>),
        new(typeof(ProposalOrRef), Decode<ProposalOrRef>),
        new(typeof(LeafNode), Decode<LeafNode>),
        new(typeof(ParentNode), Decode<ParentNode>),
        new(typeof(Node), Decode<Node>),
        new(typeof(UpdatePath), Decode<UpdatePath>),
        new(typeof(UpdatePathNode), Decode<UpdatePathNode>),
        new(typeof(HpkeCiphertext), Decode<HpkeCiphertext>),
        new(typeof(Credential), Decode<Credential>),
        new(typeof(Capabilities), Decode<Capabilities>),
        new(typeof(Extension), Decode<Extension>),
        new(typeof(ExternalPub), Decode<ExternalPub>),
        new(typeof(ExternalSender), Decode<ExternalSender>),
        new(typeof(ExternalSenders), Decode<ExternalSenders>),
        new(typeof(RequiredCapabilities), Decode<RequiredCapabilities>),
        new(typeof(GroupContext), Decode<GroupContext>),
        new(typeof(EncryptedGroupSecrets), Decode<EncryptedGroupSecrets>),
        new(typeof(PreSharedKeyId), Decode<PreSharedKeyId>),
        new(typeof(FramedContent), Decode<FramedContent>),
        new(typeof(AuthenticatedContent), Decode<AuthenticatedContent>),
        new(typeof(PublicMessage), Decode<PublicMessage>),
        new(typeof(PrivateMessage), Decode<PrivateMessage>),
        new(typeof(AppAck), Decode<AppAck>),
        new(typeof(AppDataDictionary), Decode<AppDataDictionary>),
        new(typeof(ComponentData), Decode<ComponentData>),
        new(typeof(ComponentsList), Decode<ComponentsList>),
        new(typeof(GroupSecrets), static encoded => Measure(encoded, static bytes => GroupSecrets.Decode(bytes)?.Dispose())),
        new(typeof(X509Rules), static encoded => Measure(encoded, CheckCertificate, ExceptionBase)),
    ];

    private delegate void DecodeOne(ReadOnlySpan<byte> encoded);

    /// <summary>The structures it decodes.</summary>
    public static IEnumerable<Type> Structures => Decoders.Select(static decoder => decoder.Structure);

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            var group = new FuzzGroup();
            using var forge = new WelcomeForge(group.World[1], group.Joiner);
            var tree = new RatchetTreeExtension(forge.Nodes);
            Commit commit = Forge.HonestCommit(group.World[1], new Proposal.Remove(group.World[5].Index));
            yield return Seed(forge.Honest);
            yield return Seed(forge.Info);
            yield return Seed(tree);
            yield return Seed(((Node.Parent)tree.Nodes[1]!).ParentNode);
            yield return Seed(((Node.Leaf)tree.Nodes[0]!).LeafNode);
            yield return Seed(commit);
            yield return Seed(commit.Path!);
            yield return Seed(commit.Path!.Nodes[0]);
            yield return Seed(group.Joiner.NewKeyPackage().KeyPackage);
            yield return Seed(forge.Info.GroupContext);
            yield return Seed(Forge.Sign(group.World[1], new Content.CommitContent(commit)));
            yield return Seed(AppDataDictionary.Empty.With(ComponentId.AppComponents, new ComponentsList([ComponentId.AppAck]).Encode()));
            yield return Seed(new AppAck([new MessageRange(default, 0, 3), new MessageRange(new LeafIndex(4), 1, 1)]));
            yield return Seed(typeof(GroupSecrets), forge.OpenSecrets(forge.Honest));
            yield return Seed(typeof(X509Rules), Certificate());
            foreach (byte[] message in new ProcessTarget().Seeds)
                yield return [0, .. message];
        }
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (!input.IsEmpty)
            Decoders[input[0] % Decoders.Length].Decode(input[1..]);
    }

    private static void Decode<T>(ReadOnlySpan<byte> encoded)
        where T : class, ITlsStruct<T>
    {
        Measure(encoded, static bytes => Tls.TryDecode<T>(bytes, out _, out _));
        bool decoded = Tls.TryDecode(encoded, out T? value, out DecodeError error);
        Assert.Equal(decoded, error == DecodeError.None);
        if (value is not null)
            Assert.True(encoded.SequenceEqual(value.Encode()), $"{typeof(T).Name} encodes to other bytes.");
    }

    private static void Measure(ReadOnlySpan<byte> encoded, DecodeOne decode, int allocationBase = AllocationBase)
    {
        decode(encoded); // The first time, the runtime allocates for itself.
        long limit = allocationBase + (AllocationFactor * (long)encoded.Length);
        long allocated = Allocated(encoded, decode);

        // Once in some hundred thousand measurements there were kilobytes to account that decoding the same bytes two million times did not
        // show again. What a decoder allocates, it allocates each time.
        if (allocated > limit)
            allocated = Allocated(encoded, decode);
        Assert.InRange(allocated, 0, limit);
    }

    private static long Allocated(ReadOnlySpan<byte> encoded, DecodeOne decode)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        decode(encoded);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>A leaf shows a certificate with another key, or one that is none.</summary>
    private static void CheckCertificate(ReadOnlySpan<byte> encoded)
    {
        var leaf = new LeafNode(default, new byte[32], new Credential.X509([encoded.ToArray()]), World.DefaultCapabilities, new LeafNodeSource.Update(), [], default);
        try
        {
            X509Rules.Check(SignatureAlgorithm.Ed25519, leaf);
        }
        catch (MlsException refused)
        {
            Assert.Equal(MlsError.CertificateInvalid, refused.Error);
        }
    }

    /// <summary>RFC 5280 §4.1: a certificate without anything that is not looked at.</summary>
    private static byte[] Certificate()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteInteger(1); // serialNumber; then signature, issuer, validity, subject.
                for (int i = 0; i < 4; i++)
                    writer.PushSequence().Dispose();
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                        writer.WriteObjectIdentifier("1.3.101.112");
                    writer.WriteBitString(new byte[32]);
                }
            }

            writer.PushSequence().Dispose();
            writer.WriteBitString([]);
        }

        return writer.Encode();
    }

    private static byte[] Seed<T>(T value)
        where T : class, ITlsStruct<T> => Seed(typeof(T), value.Encode());

    private static byte[] Seed(Type structure, byte[] encoded) => [(byte)Decoders.IndexOf(Decoders.Single(decoder => decoder.Structure == structure)), .. encoded];

    private sealed record Decoder(Type Structure, DecodeOne Decode);
}
