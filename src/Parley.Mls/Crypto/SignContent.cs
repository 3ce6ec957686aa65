using System.Text;
using Parley.Mls.Messages.Codec;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9420 §5.1.2: SignContent, for content that is written where it is signed, instead of being encoded and then copied beside its
/// label. The writer is used again for the next; what was written is zeroed, as it may be plaintext.
/// </summary>
internal readonly ref struct SignContent : IDisposable
{
    private const int LabelBytesMax = 64;

    private readonly int _start;

    /// <summary>Begins a SignContent in an empty writer. The caller writes the content and then signs or verifies.</summary>
    public SignContent(TlsWriter writer, string label)
    {
        Invariant.That(writer.Length == 0);
        Writer = writer;
        Span<byte> prefixed = stackalloc byte[LabelBytesMax];
        CryptoSuite.LabelPrefix.CopyTo(prefixed);
        int length = CryptoSuite.LabelPrefix.Length + Encoding.UTF8.GetBytes(label, prefixed[CryptoSuite.LabelPrefix.Length..]);
        writer.WriteVector(prefixed[..length]);
        _start = writer.BeginVector();
    }

    public TlsWriter Writer { get; }

    public byte[] Sign(CryptoSuite suite, SignatureKeyPair signer)
    {
        Writer.EndVector(_start);
        return suite.Provider.Sign(suite.Parameters.Signature, signer.PrivateKey.AsSpan(), signer.PublicKey.Span, Writer.WrittenSpan);
    }

    public bool Verify(CryptoSuite suite, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature)
    {
        Writer.EndVector(_start);
        return suite.Provider.Verify(suite.Parameters.Signature, publicKey, Writer.WrittenSpan, signature);
    }

    public void Dispose() => Writer.Clear();
}
