using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Tests.Crypto;

namespace Parley.Mls.Tests.Model;

/// <summary>A fault for the checkers to find: the secret with a certain label comes out with one bit changed.</summary>
internal sealed class TamperingCryptoProvider(ICryptoProvider inner, string label) : ForwardingCryptoProvider(inner)
{
    // With the byte before it, which says how long the label is: "exporter" is not "application_export".
    private readonly byte[] _label = [(byte)$"MLS 1.0 {label}".Length, .. Encoding.ASCII.GetBytes($"MLS 1.0 {label}")];

    public override void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        base.HkdfExpand(algorithm, pseudorandomKey, info, output);
        if (info.IndexOf(_label) >= 0)
            output[0] ^= 1;
    }
}
