using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.3.1: opens a Welcome, in the RFC's order. It is as long as the tree it carries, so one buffer serves for all that is: what
/// the group secrets are bound to, then the GroupInfo, and with its label before it what the GroupInfo's signature is over.
/// </summary>
internal sealed class WelcomeOpening(CryptoSuite suite, Welcome welcome)
{
    // The signature's label takes less room than what stands before the context.
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(CryptoSuite.EncryptContextRoomBytes + welcome.EncryptedGroupInfo.Length);

    /// <summary>Opens the one entry that is for the KeyPackage.</summary>
    /// <exception cref="MlsException">There is none, or it does not open.</exception>
    public GroupSecrets OpenGroupSecrets(KeyPackageBundle bundle)
    {
        EncryptedGroupSecrets? entry = null;
        foreach (EncryptedGroupSecrets candidate in welcome.Secrets)
        {
            if (!candidate.NewMember.Span.SequenceEqual(bundle.Reference.Span))
                continue;
            MlsException.ThrowIf(entry is not null, MlsError.WelcomeNotForUs);
            entry = candidate;
        }

        if (entry is null)
            throw new MlsException(MlsError.WelcomeNotForUs);
        using Secret? opened = suite.Decrypt(
            bundle.InitPrivateKey.AsSpan(),
            bundle.KeyPackage.InitKey.Span,
            suite.EncryptContext("Welcome", welcome.EncryptedGroupInfo.Span, _buffer),
            entry.Ciphertext.KemOutput.Span,
            entry.Ciphertext.Ciphertext.Span);
        GroupSecrets secrets = (opened is null ? null : GroupSecrets.Decode(opened.AsSpan())) ?? throw new MlsException(MlsError.GroupSecretsInvalid);
        if (secrets.JoinerSecret.Length == suite.HashBytes && (secrets.PathSecret is null || secrets.PathSecret.Length == suite.HashBytes))
            return secrets;
        secrets.Dispose();
        throw new MlsException(MlsError.GroupSecretsInvalid);
    }

    /// <summary>Opens the GroupInfo. It is not verified yet, and its structures are slices of the buffer.</summary>
    /// <exception cref="MlsException">It does not open.</exception>
    public GroupInfo OpenGroupInfo(GroupSecrets secrets, Secret pskSecret)
    {
        int length = welcome.EncryptedGroupInfo.Length - AlgorithmParameters.AeadTagBytes;
        MlsException.ThrowIf(length < 0, MlsError.GroupInfoDecryptionFailed);
        Memory<byte> encoded = _buffer.AsMemory(SignContent.RoomBytes, length);
        using Secret welcomeSecret = KeySchedule.WelcomeSecret(suite, secrets.JoinerSecret, pskSecret);
        using Secret key = WelcomeSealing.Key(suite, welcomeSecret);
        using Secret nonce = WelcomeSealing.Nonce(suite, welcomeSecret);
        bool opened = suite.TryOpen(key.AsSpan(), nonce.AsSpan(), [], welcome.EncryptedGroupInfo.Span, encoded.Span);
        return opened && Tls.TryDecodeOwned(encoded, out GroupInfo? info, out _) ? info : throw new MlsException(MlsError.GroupInfoDecryptionFailed);
    }

    /// <summary>Whether the GroupInfo that was opened has the signature of a leaf.</summary>
    public bool IsSignedBy(LeafNode signer, GroupInfo info) => SignContent.VerifyInPlace(
        suite,
        "GroupInfoTBS",
        _buffer,
        welcome.EncryptedGroupInfo.Length - AlgorithmParameters.AeadTagBytes - SpanWriter.VectorBytes(info.Signature.Length),
        signer.SignatureKey.Span,
        info.Signature.Span);
}
