using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9180 §4: LabeledExtract and LabeledExpand, bound to one suite identifier, so that no output of one HPKE suite, or of its KEM,
/// is ever an output of another.
/// </summary>
internal sealed class LabeledKdf
{
    private readonly ICryptoProvider _provider;
    private readonly byte[] _prefix;

    public LabeledKdf(ICryptoProvider provider, HashAlgorithm hash, ReadOnlySpan<byte> suiteId)
    {
        _provider = provider;
        Hash = hash;
        _prefix = [.. "HPKE-v1"u8, .. suiteId];
    }

    public HashAlgorithm Hash { get; }

    /// <summary>LabeledExtract. <paramref name="pseudorandomKey"/> is as long as the hash.</summary>
    public void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> inputKeyMaterial, Span<byte> pseudorandomKey) =>
        Extract(salt, label, inputKeyMaterial, [], [], pseudorandomKey);

    /// <summary>LabeledExtract of material in two parts, put together in <paramref name="room"/> if it is large enough, which is zeroed.</summary>
    public void Extract(
        ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<byte> room, Span<byte> pseudorandomKey)
    {
        int length = _prefix.Length + label.Length + head.Length + body.Length;
        Span<byte> labeled = length <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes]
            : length <= room.Length ? room
            : GC.AllocateUninitializedArray<byte>(length);
        try
        {
            var writer = new SpanWriter(labeled);
            writer.WriteBytes(_prefix);
            writer.WriteBytes(label);
            writer.WriteBytes(head);
            writer.WriteBytes(body);
            // HKDF-Extract (RFC 5869 §2.2) is HMAC keyed with the salt; HMAC pads an empty key with the zeros that §2.2 asks for.
            _provider.Hmac(Hash, salt, writer.Written, pseudorandomKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(labeled);
        }
    }

    /// <summary>LabeledExpand, as long as <paramref name="output"/>.</summary>
    public void Expand(ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        int length = sizeof(ushort) + _prefix.Length + label.Length + info.Length;
        Span<byte> labeled = length <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[length];
        var writer = new SpanWriter(labeled);
        writer.WriteUInt16(output.Length);
        writer.WriteBytes(_prefix);
        writer.WriteBytes(label);
        writer.WriteBytes(info);
        _provider.HkdfExpand(Hash, pseudorandomKey, writer.Written, output);
    }
}
