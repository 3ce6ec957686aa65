using System.Runtime.InteropServices;

namespace Parley.Mls.Crypto;

/// <summary>A row of RFC 9180's table of KEMs (§7.1), in bytes.</summary>
/// <param name="SharedSecretBytes">Nsecret.</param>
/// <param name="KemOutputBytes">Nenc.</param>
/// <param name="PublicKeyBytes">Npk.</param>
/// <param name="PrivateKeyBytes">Nsk. A Diffie–Hellman shared secret (Ndh) is as long in every group here.</param>
/// <param name="RandomBytes">The randomness of one encapsulation; for a DHKEM the material its ephemeral key pair is derived from.</param>
/// <param name="Hash">The hash of a DHKEM's own HKDF; null where the KEM is a primitive of its own.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct KemParameters(
    int SharedSecretBytes, int KemOutputBytes, int PublicKeyBytes, int PrivateKeyBytes, int RandomBytes, HashAlgorithm? Hash);
