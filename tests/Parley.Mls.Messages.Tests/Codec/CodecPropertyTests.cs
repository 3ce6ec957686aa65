using System.Collections;
using System.Reflection;
using CsCheck;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Tests.Codec;

/// <summary>RFC 9420 §2.1: every structure has one encoding, and whatever decodes encodes to the same bytes. A failure prints its seed.</summary>
public sealed class CodecPropertyTests
{
    private const int Cases = 300;
    private const string Seed = "0000KOIPe036";

    [Fact]
    public void Extension_round_trips() => RoundTrips(Generated.Extension);

    [Fact]
    public void Credential_round_trips() => RoundTrips(Generated.Credential);

    [Fact]
    public void Capabilities_round_trips() => RoundTrips(Generated.Capabilities);

    [Fact]
    public void LeafNode_round_trips() => RoundTrips(Generated.LeafNode);

    [Fact]
    public void LeafNode_without_the_bytes_it_was_decoded_from_round_trips() => Generated.LeafNode.Sample(static leaf =>
    {
        Assert.True(Tls.TryDecode(leaf.Encode(), out LeafNode? decoded, out _));
        Assert.Equal(leaf.Encode(), (decoded with { }).Encode());
    });

    [Fact]
    public void ParentNode_round_trips() => RoundTrips(Generated.ParentNode);

    [Fact]
    public void Node_round_trips() => RoundTrips(Generated.Node);

    [Fact]
    public void RatchetTreeExtension_round_trips() => RoundTrips(Generated.RatchetTree);

    [Fact]
    public void HpkeCiphertext_round_trips() => RoundTrips(Generated.Ciphertext);

    [Fact]
    public void UpdatePathNode_round_trips() => RoundTrips(Generated.UpdatePathNode);

    [Fact]
    public void UpdatePath_round_trips() => RoundTrips(Generated.UpdatePath);

    [Fact]
    public void KeyPackage_round_trips() => RoundTrips(Generated.KeyPackage);

    [Fact]
    public void PreSharedKeyId_round_trips() => RoundTrips(Generated.Psk);

    [Fact]
    public void Proposal_round_trips() => RoundTrips(Generated.Proposal);

    [Fact]
    public void ProposalOrRef_round_trips() => RoundTrips(Generated.ProposalOrRef);

    [Fact]
    public void Commit_round_trips() => RoundTrips(Generated.Commit);

    [Fact]
    public void FramedContent_round_trips() => RoundTrips(Generated.FramedContent);

    [Fact]
    public void AuthenticatedContent_round_trips() => RoundTrips(Generated.AuthenticatedContent);

    [Fact]
    public void PublicMessage_round_trips() => RoundTrips(Generated.PublicMessage);

    [Fact]
    public void PrivateMessage_round_trips() => RoundTrips(Generated.PrivateMessage);

    [Fact]
    public void GroupContext_round_trips() => RoundTrips(Generated.GroupContext);

    [Fact]
    public void GroupInfo_round_trips() => RoundTrips(Generated.GroupInfo);

    [Fact]
    public void EncryptedGroupSecrets_round_trips() => RoundTrips(Generated.GroupSecrets);

    [Fact]
    public void Welcome_round_trips() => RoundTrips(Generated.Welcome);

    [Fact]
    public void MlsMessage_round_trips() => RoundTrips(Generated.Message);

    [Fact]
    public void RequiredCapabilities_round_trips() => RoundTrips(Generated.RequiredCapabilities);

    [Fact]
    public void ExternalSenders_round_trips() => RoundTrips(Generated.ExternalSenders);

    [Fact]
    public void ExternalPub_round_trips() => RoundTrips(Generated.ExternalPub);

    [Fact]
    public void ComponentData_round_trips() => RoundTrips(Generated.ComponentData);

    [Fact]
    public void AppDataDictionary_round_trips() => RoundTrips(Generated.AppDataDictionary);

    [Fact]
    public void ComponentsList_round_trips() => RoundTrips(Generated.ComponentsList);

    [Fact]
    public void AppAck_round_trips() => RoundTrips(Generated.AppAck);

    [Fact]
    public void Every_structure_of_the_library_has_its_property()
    {
        IEnumerable<string> structures = typeof(Tls).Assembly.GetTypes()
            .Where(static type => Array.Exists(type.GetInterfaces(), i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ITlsStruct<>) && i.GenericTypeArguments[0] == type))
            .Select(static type => type.Name)
            .Where(static name => name != nameof(ExternalSender)); // An element of ExternalSenders.
        HashSet<string> tested = [.. typeof(CodecPropertyTests).GetMethods().Select(static method => method.Name.Replace("_round_trips", "", StringComparison.Ordinal))];
        Assert.All(structures, name => Assert.Contains(name, tested));
    }

    [Fact]
    public void Random_bytes_never_throw_and_what_they_decode_to_encodes_to_them() =>
        Gen.Byte.Array[0, 300].Sample(AssertSafe, seed: Seed, iter: 5000, threads: 1);

    [Fact]
    public void Random_bytes_behind_a_valid_header_never_throw() => Gen.Select(Gen.Byte[0, 6], Gen.Byte.Array[0, 300]).Sample(
        static (format, bytes) => AssertSafe([0, 1, 0, format, .. bytes]), seed: Seed, iter: 5000, threads: 1);

    [Fact]
    public void Mutated_messages_never_throw_and_what_they_decode_to_encodes_to_them() =>
        Gen.Select(Generated.Message, Gen.Int[0, int.MaxValue], Gen.Byte, Gen.Int[0, 4]).Sample(
            static (message, place, value, kind) => AssertSafe(Mutate(message.Encode(), place, value, kind)), seed: Seed, iter: 3000, threads: 1);

    [Fact]
    public void A_message_cut_short_anywhere_or_one_byte_longer_is_refused() => Generated.Message.Sample(
        static message =>
        {
            byte[] encoded = message.Encode();
            for (int length = 0; length < encoded.Length; length++)
                Assert.False(MlsMessage.TryDecode(encoded.AsSpan(0, length), out _, out _));
            Assert.False(MlsMessage.TryDecode([.. encoded, 0], out _, out DecodeError error));
            Assert.Equal(DecodeError.TrailingBytes, error);
        },
        seed: Seed,
        iter: 60,
        threads: 1);

    private static void RoundTrips<T>(Gen<T> generator)
        where T : class, ITlsStruct<T> => generator.Sample(
        static value =>
        {
            byte[] encoded = value.Encode();
            Assert.True(Tls.TryDecode(encoded, out T? decoded, out DecodeError error), error.ToString());
            Assert.Equal(encoded, decoded.Encode());
            Assert.True(AreSame(value, decoded), $"{value} is not {decoded}");
        },
        seed: Seed,
        iter: Cases,
        threads: 1);

    /// <summary>Whether two values hold the same, compared by their properties: records of byte strings compare by reference.</summary>
    private static bool AreSame(object? left, object? right)
    {
        if (left is null || right is null)
            return left is null && right is null;
        if (left.GetType() != right.GetType())
            return false;
        if (left is ReadOnlyMemory<byte> bytes)
            return bytes.Span.SequenceEqual(((ReadOnlyMemory<byte>)right).Span);
        if (left is IEnumerable list)
        {
            object?[] others = [.. ((IEnumerable)right).Cast<object?>()];
            object?[] elements = [.. list.Cast<object?>()];
            return elements.Length == others.Length && elements.Zip(others).All(static pair => AreSame(pair.First, pair.Second));
        }

        if (left is ValueType)
            return left.Equals(right);
        return left.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .All(property => AreSame(property.GetValue(left), property.GetValue(right)));
    }

    private static byte[] Mutate(byte[] message, int place, byte value, int kind)
    {
        int index = place % message.Length;
        return kind switch
        {
            0 => [.. message.AsSpan(0, index), value, .. message.AsSpan(index)],
            1 => [.. message.AsSpan(0, index), .. message.AsSpan(index + 1)],
            2 => [.. message.AsSpan(0, index), .. message.AsSpan(index), .. message.AsSpan(index)],
            _ => [.. message.AsSpan(0, index), value, .. message.AsSpan(index + 1)],
        };
    }

    private static void AssertSafe(byte[] bytes)
    {
        AssertSafe<MlsMessage>(bytes);
        AssertSafe<LeafNode>(bytes);
        if (Tls.TryDecode(bytes, out LeafNode? leaf, out _))
            Assert.Equal(bytes, (leaf with { }).Encode()); // A copy has to be encoded anew.
        AssertSafe<RatchetTreeExtension>(bytes);
        AssertSafe<GroupInfo>(bytes);
        AssertSafe<Commit>(bytes);
        AssertSafe<Proposal>(bytes);
        AssertSafe<Capabilities>(bytes);
        AssertSafe<Credential>(bytes);
        AssertSafe<KeyPackage>(bytes);
        AssertSafe<ExternalSenders>(bytes);
        AssertSafe<RequiredCapabilities>(bytes);
    }

    private static void AssertSafe<T>(byte[] bytes)
        where T : class, ITlsStruct<T>
    {
        if (Tls.TryDecode(bytes, out T? decoded, out DecodeError error))
            Assert.Equal(bytes, decoded.Encode());
        else
            Assert.NotEqual(DecodeError.None, error);
    }
}
