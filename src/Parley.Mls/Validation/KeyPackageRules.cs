using Parley.Mls.Crypto;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Mls.Validation;

/// <summary>What only computation tells of a KeyPackage.</summary>
/// <param name="Leaf">Of its leaf.</param>
/// <param name="IsSigned">Whether its signature is its leaf's key's.</param>
/// <param name="HasInitKey">Whether its init key can be encrypted to, where that matters.</param>
internal sealed record KeyPackageProof(LeafProof Leaf, bool IsSigned, bool HasInitKey);

/// <summary>RFC 9420 §10.1: the rules for a KeyPackage.</summary>
internal static class KeyPackageRules
{
    /// <summary>Finds out what takes time, on any thread.</summary>
    /// <param name="suite">The group's suite.</param>
    /// <param name="leafRules">The rules for its leaf.</param>
    /// <param name="keyPackage">The KeyPackage.</param>
    /// <param name="isWelcomed">Whether a Welcome will be encrypted to the init key at once, which finds out by itself if that cannot be.</param>
    public static KeyPackageProof Prove(CryptoSuite suite, LeafNodeRules leafRules, KeyPackage keyPackage, bool isWelcomed)
    {
        LeafProof leaf = leafRules.Prove(keyPackage.LeafNode, LeafPlace.KeyPackage, default);
        using var signed = new SignContent("KeyPackageTBS");
        keyPackage.WriteToBeSigned(signed.Writer);
        bool isSigned = signed.Verify(suite, keyPackage.LeafNode.SignatureKey.Span, keyPackage.Signature.Span);
        return new KeyPackageProof(leaf, isSigned, isWelcomed || suite.IsHpkePublicKey(keyPackage.InitKey.Span));
    }

    /// <summary>Checks what can be seen of a KeyPackage that is to be added to a group.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public static void CheckContent(CryptoSuite suite, LeafNodeRules leafRules, KeyPackage keyPackage, DateTimeOffset? now)
    {
        MlsException.ThrowIf(keyPackage.CipherSuite != suite.Id, MlsError.KeyPackageSuiteMismatch);
        foreach (Extension extension in keyPackage.Extensions)
        {
            MlsException.ThrowIf(!GroupExtensionRules.IsAllowedInKeyPackage(extension.Type), MlsError.ExtensionMisplaced);
            MlsException.ThrowIf(!keyPackage.LeafNode.Capabilities.Supports(extension.Type), MlsError.LeafExtensionInvalid);
        }

        AppDataRules.Dictionary(keyPackage.Extensions);
        leafRules.CheckContent(keyPackage.LeafNode, LeafPlace.KeyPackage, now);
        MlsException.ThrowIf(keyPackage.InitKey.Span.SequenceEqual(keyPackage.LeafNode.EncryptionKey.Span), MlsError.InitKeyReused);
    }

    /// <summary>Checks what was found out about a KeyPackage.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public static void CheckProof(LeafNodeRules leafRules, KeyPackage keyPackage, KeyPackageProof proof)
    {
        leafRules.CheckProof(keyPackage.LeafNode, proof.Leaf);
        MlsException.ThrowIf(!proof.IsSigned, MlsError.KeyPackageSignatureInvalid);
        MlsException.ThrowIf(!proof.HasInitKey, MlsError.HpkeKeyInvalid);
    }
}
