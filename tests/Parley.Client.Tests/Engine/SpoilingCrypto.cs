using Parley.Mls.Crypto;
using Parley.Mls.Native;
using Parley.Mls.Tests.Crypto;

namespace Parley.Client.Tests.Engine;

/// <summary>The real primitives, but that some of the path secrets of a Commit (RFC 9420 §7.6) are encrypted so that nobody can open them.</summary>
internal sealed class SpoilingCrypto(RandomSource random) : ForwardingCryptoProvider(new NativeCryptoProvider(random))
{
    private const int PathSecretBytes = 32;

    /// <summary>Whether the next path secret is spoiled; null while none is.</summary>
    public Func<bool>? Spoils { get; set; }

    public override void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        base.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);
        if (plaintext.Length == PathSecretBytes && Spoils?.Invoke() == true)
            ciphertext[0] ^= 1;
    }
}
