using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Parley.Mls.Crypto;

namespace Parley.Client.Recovery;

/// <summary>
/// Seals and opens the pieces of an archive. A piece is padded to one of few sizes and named by a MAC of what it holds: the same content has the
/// same name and the same bytes, so that what is archived already is not archived again, and a piece cannot be passed off as another.
/// </summary>
internal sealed class ArchiveSealer(ICryptoProvider crypto, ArchiveKeys keys)
{
    /// <summary>About how much content is put into one piece.</summary>
    public const int ContentBytes = 64 * 1024;

    /// <summary>The most that a sealed piece has: room for an item of the greatest size.</summary>
    public const int SealedBytesMax = 512 * 1024;

    /// <summary>The bytes of a name.</summary>
    public const int NameBytes = ArchiveKeys.KeyBytes;

    private const int TagBytes = 16;
    private const byte EndOfContent = 0x80;
    private const AeadAlgorithm Aead = AeadAlgorithm.ChaCha20Poly1305;

    private static readonly byte[] ZeroNonce = new byte[12];

    /// <summary>Seals a content.</summary>
    public ArchivePiece Seal(ReadOnlySpan<byte> content)
    {
        byte[] padded = Pad(content);
        byte[] name = keys.NameOf(padded);
        byte[] ciphertext = SealUnder(name, padded);
        CryptographicOperations.ZeroMemory(padded);
        return new ArchivePiece(name, ciphertext);
    }

    /// <summary>The content of a piece, or false if it is not the one of that name. The caller owns it.</summary>
    public bool TryOpen(ReadOnlySpan<byte> name, ReadOnlySpan<byte> ciphertext, [NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        if (!TryOpenUnder(name, ciphertext, out byte[]? padded))
            return false;
        bool isNamed = keys.NameOf(padded).AsSpan().SequenceEqual(name);
        content = isNamed ? Unpad(padded) : null;
        CryptographicOperations.ZeroMemory(padded);
        return content is not null;
    }

    /// <summary>Seals the root, which is another one each time: under a name of random bytes, which stand before it.</summary>
    public byte[] SealRoot(ReadOnlySpan<byte> content)
    {
        byte[] name = new byte[NameBytes];
        crypto.FillRandom(name);
        return [.. name, .. SealUnder(RootName(name), Pad(content))];
    }

    /// <summary>The content of a root, or false if it was sealed by another code or is damaged.</summary>
    public bool TryOpenRoot(ReadOnlySpan<byte> root, [NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        if (root.Length > NameBytes && TryOpenUnder(RootName(root[..NameBytes]), root[NameBytes..], out byte[]? padded))
            content = Unpad(padded);
        return content is not null;
    }

    // So that no piece is ever taken for a root, whose name nothing vouches for.
    private static byte[] RootName(ReadOnlySpan<byte> name) => [.. "root"u8, .. name];

    private static byte[] Pad(ReadOnlySpan<byte> content)
    {
        int length = content.Length + 1;
        int size = length switch
        {
            <= 4 * 1024 => 4 * 1024,
            <= 16 * 1024 => 16 * 1024,
            _ => (length + ContentBytes - 1) / ContentBytes * ContentBytes,
        };
        byte[] padded = new byte[size];
        content.CopyTo(padded);
        padded[content.Length] = EndOfContent;
        return padded;
    }

    private static byte[]? Unpad(ReadOnlySpan<byte> padded)
    {
        int end = padded.LastIndexOfAnyExcept((byte)0);
        return end >= 0 && padded[end] == EndOfContent ? padded[..end].ToArray() : null;
    }

    private byte[] SealUnder(ReadOnlySpan<byte> name, ReadOnlySpan<byte> padded)
    {
        using Secret key = keys.SealKeyOf(name);
        byte[] ciphertext = new byte[padded.Length + TagBytes];
        crypto.Seal(Aead, key.AsSpan(), ZeroNonce, [], padded, ciphertext);
        return ciphertext;
    }

    private bool TryOpenUnder(ReadOnlySpan<byte> name, ReadOnlySpan<byte> ciphertext, [NotNullWhen(true)] out byte[]? padded)
    {
        padded = null;
        if (ciphertext.Length is <= TagBytes or > SealedBytesMax)
            return false;
        using Secret key = keys.SealKeyOf(name);
        byte[] opened = new byte[ciphertext.Length - TagBytes];
        if (!crypto.TryOpen(Aead, key.AsSpan(), ZeroNonce, [], ciphertext, opened))
            return false;
        padded = opened;
        return true;
    }
}

/// <summary>One sealed piece of an archive.</summary>
/// <param name="Name">By what it holds; 32 bytes.</param>
/// <param name="Ciphertext">What it holds, padded and sealed.</param>
internal readonly record struct ArchivePiece(byte[] Name, byte[] Ciphertext);
