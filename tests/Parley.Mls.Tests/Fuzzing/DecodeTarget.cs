using System.Collections.Immutable;
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
            foreach (byte[] message in new ProcessTarget().Seeds)
                yield return [0, .. message];
        }
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (!input.IsEmpty && input[0] < Decoders.Length)
            Decoders[input[0]].Decode(input[1..]);
    }

    private static void Decode<T>(ReadOnlySpan<byte> encoded)
        where T : class, ITlsStruct<T>
    {
        Tls.TryDecode<T>(encoded, out _, out _); // The first time, the runtime allocates for itself.
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool decoded = Tls.TryDecode(encoded, out T? value, out DecodeError error);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, AllocationBase + (AllocationFactor * (long)encoded.Length));
        Assert.Equal(decoded, error == DecodeError.None);
        if (value is not null)
            Assert.True(encoded.SequenceEqual(value.Encode()), $"{typeof(T).Name} encodes to other bytes.");
    }

    private static byte[] Seed<T>(T value)
        where T : class, ITlsStruct<T> => [(byte)Decoders.IndexOf(Decoders.Single(static decoder => decoder.Structure == typeof(T))), .. value.Encode()];

    private sealed record Decoder(Type Structure, DecodeOne Decode);
}
