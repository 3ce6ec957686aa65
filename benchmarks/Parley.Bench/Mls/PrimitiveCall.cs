using System.Runtime.InteropServices;

namespace Parley.Bench.Mls;

/// <summary>A primitive of <see cref="Parley.Mls.Crypto.ICryptoProvider"/>.</summary>
internal enum Primitive
{
    FillRandom,
    Hash,
    Hmac,
    HkdfExpand,
    Seal,
    Open,
    Shake256,
    DerivePublicKey,
    Agree,
    Encapsulate,
    Decapsulate,
    GenerateSignatureKeyPair,
    Sign,
    Verify,
}

/// <summary>One call of a primitive, with the bytes its time depends on; zero where it does not depend on any.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PrimitiveCall(Primitive Primitive, int Bytes)
{
    private const int FineStep = 64;
    private const int CoarseStep = 1024;

    /// <summary>The call with its bytes rounded up, so that a run makes few kinds of calls and each is measured well.</summary>
    public PrimitiveCall Rounded()
    {
        int step = Bytes <= CoarseStep ? FineStep : CoarseStep;
        return this with { Bytes = (Bytes + step - 1) / step * step };
    }
}
