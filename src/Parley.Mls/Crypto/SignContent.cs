using System.Text;
using Parley.Mls.Messages.Codec;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9420 §5.1.2: SignContent, for content that is written where it is signed, instead of being encoded and then copied beside its
/// label. What was written is zeroed, as it may be plaintext.
/// </summary>
internal readonly ref struct SignContent : IDisposable
{
    /// <summary>Bytes before content that is verified where it stands.</summary>
    public const int RoomBytes = LabelBytesMax + 1 + sizeof(uint);

    private const int LabelBytesMax = 63;

    private readonly Scratch _scratch;
    private readonly int _start;

    /// <summary>Begins a SignContent. The caller writes the content and then signs or verifies.</summary>
    /// <param name="label">The label.</param>
    /// <param name="capacity">About how many bytes the content has, where it is known to be large.</param>
    public SignContent(string label, int capacity = 0)
    {
        _scratch = Scratch.Take(capacity + RoomBytes);
        Span<byte> prefixed = stackalloc byte[LabelBytesMax];
        Writer.WriteVector(prefixed[..WriteLabel(label, prefixed)]);
        _start = Writer.BeginVector();
    }

    public TlsWriter Writer => _scratch.Writer;

    public byte[] Sign(CryptoSuite suite, SignatureKeyPair signer)
    {
        Writer.EndVector(_start);
        return suite.Provider.Sign(suite.Parameters.Signature, signer.PrivateKey.AsSpan(), signer.PublicKey.Span, Writer.WrittenSpan);
    }

    /// <summary>
    /// Signs, and writes the signature after the content, as it stands in the structure. The structure is returned, valid until this is disposed.
    /// </summary>
    public ReadOnlySpan<byte> SignAndAppend(CryptoSuite suite, SignatureKeyPair signer)
    {
        int contentBytes = Writer.Length - _start;
        byte[] signature = Sign(suite, signer);
        int start = Writer.Length - contentBytes;
        Writer.WriteVector(signature);
        return Writer.WrittenSpan[start..];
    }

    public bool Verify(CryptoSuite suite, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature)
    {
        Writer.EndVector(_start);
        return suite.Provider.Verify(suite.Parameters.Signature, publicKey, Writer.WrittenSpan, signature);
    }

    /// <summary>Verifies content that stands in a buffer after <see cref="RoomBytes"/>, into which its label is written.</summary>
    public static bool VerifyInPlace(
        CryptoSuite suite, string label, Span<byte> buffer, int contentBytes, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature)
    {
        Span<byte> prefixed = stackalloc byte[LabelBytesMax];
        prefixed = prefixed[..WriteLabel(label, prefixed)];
        Span<byte> signed = buffer[(RoomBytes + contentBytes - SpanWriter.VectorBytes(contentBytes) - SpanWriter.VectorBytes(prefixed.Length))..(RoomBytes + contentBytes)];
        var writer = new SpanWriter(signed);
        writer.WriteVector(prefixed);
        writer.ReserveVector(contentBytes);
        return suite.Provider.Verify(suite.Parameters.Signature, publicKey, signed, signature);
    }

    public void Dispose() => _scratch.Dispose();

    private static int WriteLabel(string label, Span<byte> prefixed)
    {
        CryptoSuite.LabelPrefix.CopyTo(prefixed);
        return CryptoSuite.LabelPrefix.Length + Encoding.UTF8.GetBytes(label, prefixed[CryptoSuite.LabelPrefix.Length..]);
    }
}
