using Parley.Mls.Crypto;
using Parley.Mls.Tests.Crypto;

namespace Parley.Mls.Tests.Model;

/// <summary>A fault for the checkers to find: the exporter secret comes out with one bit changed.</summary>
internal sealed class TamperingCryptoProvider(ICryptoProvider inner) : ForwardingCryptoProvider(inner)
{
    public override void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        base.HkdfExpand(algorithm, pseudorandomKey, info, output);
        if (info.IndexOf("MLS 1.0 exporter"u8) >= 0)
            output[0] ^= 1;
    }
}
