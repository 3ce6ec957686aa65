using Parley.Mls.Crypto;
using Parley.Mls.Native;
using Parley.Mls.Tests.Crypto;

namespace Parley.Simulation.Devices;

/// <summary>The real primitives with injected randomness, and somebody who looks on at every encryption.</summary>
internal sealed class ObservedCrypto(RandomSource random, Action<ReadOnlySpan<byte>, ReadOnlySpan<byte>> seals) : ForwardingCryptoProvider(new NativeCryptoProvider(random))
{
    public override void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        base.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);
        seals(key, ciphertext);
    }
}
