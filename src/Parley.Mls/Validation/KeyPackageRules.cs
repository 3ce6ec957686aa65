using Parley.Mls.Crypto;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.KeyPackages;

namespace Parley.Mls.Validation;

/// <summary>RFC 9420 §10.1: the rules for a KeyPackage.</summary>
internal static class KeyPackageRules
{
    /// <summary>Checks a KeyPackage that is to be added to a group.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public static void Check(CryptoSuite suite, LeafNodeRules leafRules, KeyPackage keyPackage, DateTimeOffset? now)
    {
        MlsException.ThrowIf(keyPackage.CipherSuite != suite.Id, MlsError.KeyPackageSuiteMismatch);
        foreach (Extension extension in keyPackage.Extensions)
        {
            MlsException.ThrowIf(!GroupExtensionRules.IsAllowedInKeyPackage(extension.Type), MlsError.ExtensionMisplaced);
            MlsException.ThrowIf(!keyPackage.LeafNode.Capabilities.Supports(extension.Type), MlsError.LeafExtensionInvalid);
        }

        AppDataRules.Dictionary(keyPackage.Extensions);
        leafRules.Check(keyPackage.LeafNode, LeafPlace.KeyPackage, default, now);
        bool verified = suite.VerifyWithLabel(
            keyPackage.LeafNode.SignatureKey.Span, "KeyPackageTBS", keyPackage.EncodeToBeSigned(), keyPackage.Signature.Span);
        MlsException.ThrowIf(!verified, MlsError.KeyPackageSignatureInvalid);
        MlsException.ThrowIf(!suite.IsHpkePublicKey(keyPackage.InitKey.Span), MlsError.HpkeKeyInvalid);
        MlsException.ThrowIf(keyPackage.InitKey.Span.SequenceEqual(keyPackage.LeafNode.EncryptionKey.Span), MlsError.InitKeyReused);
    }
}
