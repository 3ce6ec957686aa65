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
internal readonly record struct PrimitiveCall(Primitive Primitive, int Bytes);
