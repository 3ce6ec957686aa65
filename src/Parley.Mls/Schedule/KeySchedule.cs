using System.Diagnostics.CodeAnalysis;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Schedule;

/// <summary>
/// RFC 9420 §8: how an epoch's secrets follow from the last.
/// <code>
///                     init_secret_[n-1]
///                           |
///     commit_secret --> KDF.Extract
///                           |
///         ExpandWithLabel(., "joiner", GroupContext_[n], KDF.Nh) = joiner_secret
///                           |
/// psk_secret (or 0) --> KDF.Extract --> DeriveSecret(., "welcome") = welcome_secret
///                           |
///         ExpandWithLabel(., "epoch", GroupContext_[n], KDF.Nh) = epoch_secret
/// </code>
/// </summary>
internal static class KeySchedule
{
    private static ReadOnlySpan<byte> ExternalInitLabel => "MLS 1.0 external init secret"u8;

    /// <summary>The joiner secret, from the last epoch's init secret and the Commit's.</summary>
    public static Secret JoinerSecret(CryptoSuite suite, Secret initSecret, Secret commitSecret, ReadOnlySpan<byte> context)
    {
        using Secret extracted = suite.Extract(initSecret.AsSpan(), commitSecret.AsSpan());
        return suite.ExpandWithLabel(extracted.AsSpan(), "joiner", context, suite.HashBytes);
    }

    /// <summary>The welcome secret, from the joiner secret.</summary>
    public static Secret WelcomeSecret(CryptoSuite suite, Secret joinerSecret, Secret pskSecret)
    {
        using Secret extracted = suite.Extract(joinerSecret.AsSpan(), pskSecret.AsSpan());
        return suite.DeriveSecret(extracted.AsSpan(), "welcome");
    }

    /// <summary>The epoch's secrets, from the joiner secret.</summary>
    public static EpochSecrets EpochSecrets(CryptoSuite suite, Secret joinerSecret, Secret pskSecret, ReadOnlySpan<byte> context)
    {
        using Secret extracted = suite.Extract(joinerSecret.AsSpan(), pskSecret.AsSpan());
        using Secret epochSecret = suite.ExpandWithLabel(extracted.AsSpan(), "epoch", context, suite.HashBytes);
        return Schedule.EpochSecrets.FromEpochSecret(suite, epochSecret.AsSpan());
    }

    /// <summary>RFC 9420 §8: the key pair whose private key the whole group holds.</summary>
    public static HpkeKeyPair ExternalKeyPair(CryptoSuite suite, Secret externalSecret) => suite.DeriveHpkeKeyPair(externalSecret.AsSpan());

    /// <summary>
    /// RFC 9420 §8.3: an init secret for the group with this external key, and the KEM output by which its members learn it. False if the
    /// key is not valid. The caller owns the secret.
    /// </summary>
    public static bool TryMakeExternalInit(CryptoSuite suite, ReadOnlySpan<byte> externalPub, out byte[] kemOutput, [NotNullWhen(true)] out Secret? initSecret) =>
        suite.TryExportSender(externalPub, [], ExternalInitLabel, suite.HashBytes, out kemOutput, out initSecret);

    /// <summary>RFC 9420 §8.3: the init secret that a KEM output brings; null if it is not valid. The caller owns the secret.</summary>
    public static Secret? OpenExternalInit(CryptoSuite suite, Secret externalSecret, ReadOnlySpan<byte> kemOutput)
    {
        using HpkeKeyPair external = ExternalKeyPair(suite, externalSecret);
        return suite.ExportReceiver(external.PrivateKey.AsSpan(), external.PublicKey, kemOutput, [], ExternalInitLabel, suite.HashBytes);
    }

    /// <summary>RFC 9420 §8.5: MLS-Exporter.</summary>
    public static Secret Export(CryptoSuite suite, Secret exporterSecret, string label, ReadOnlySpan<byte> context, int length)
    {
        using Secret derived = suite.DeriveSecret(exporterSecret.AsSpan(), label);
        return suite.ExpandWithLabel(derived.AsSpan(), "exported", suite.Hash(context), length);
    }

    /// <summary>RFC 9420 §8.2: the confirmed transcript hash after a Commit.</summary>
    public static byte[] ConfirmedTranscriptHash(CryptoSuite suite, ReadOnlySpan<byte> interimTranscriptHash, AuthenticatedContent commit)
    {
        using Scratch input = Scratch.Take(commit.Content.Content.CapacityHint());
        input.Writer.WriteBytes(interimTranscriptHash);
        commit.WriteConfirmedTranscriptHashInput(input.Writer);
        return suite.Hash(input.Writer.WrittenSpan);
    }

    /// <summary>RFC 9420 §8.2: the interim transcript hash after a Commit.</summary>
    public static byte[] InterimTranscriptHash(CryptoSuite suite, ReadOnlySpan<byte> confirmedTranscriptHash, ReadOnlySpan<byte> confirmationTag)
    {
        using Scratch input = Scratch.Take();
        input.Writer.WriteBytes(confirmedTranscriptHash);
        input.Writer.WriteVector(confirmationTag);
        return suite.Hash(input.Writer.WrittenSpan);
    }
}
