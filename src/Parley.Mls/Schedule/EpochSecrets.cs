using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Storage;

namespace Parley.Mls.Schedule;

/// <summary>
/// RFC 9420 §8: the secrets of one epoch. <see cref="EncryptionSecret"/> is taken once, by the secret tree; the others live until the
/// epoch ends, when <see cref="Dispose"/> zeroes them.
/// </summary>
internal sealed class EpochSecrets : IDisposable
{
    /// <summary>How many vectors <see cref="Write"/> writes.</summary>
    public const int WrittenCount = 8;

    private Secret? _encryptionSecret;

    private EpochSecrets(CryptoSuite suite, ReadOnlySpan<byte> epochSecret)
    {
        SenderDataSecret = suite.DeriveSecret(epochSecret, "sender data");
        _encryptionSecret = suite.DeriveSecret(epochSecret, "encryption");
        ExporterSecret = suite.DeriveSecret(epochSecret, "exporter");
        ExternalSecret = suite.DeriveSecret(epochSecret, "external");
        ConfirmationKey = suite.DeriveSecret(epochSecret, "confirm");
        MembershipKey = suite.DeriveSecret(epochSecret, "membership");
        ResumptionPsk = suite.DeriveSecret(epochSecret, "resumption");
        EpochAuthenticator = suite.DeriveSecret(epochSecret, "authentication");
        InitSecret = suite.DeriveSecret(epochSecret, "init");
        ExporterTree = ExporterTree.Create(suite.DeriveSecret(epochSecret, "application_export"));
    }

    private EpochSecrets(TlsReader reader)
    {
        SenderDataSecret = reader.TakeSecret();
        ExporterSecret = reader.TakeSecret();
        ExternalSecret = reader.TakeSecret();
        ConfirmationKey = reader.TakeSecret();
        MembershipKey = reader.TakeSecret();
        ResumptionPsk = reader.TakeSecret();
        EpochAuthenticator = reader.TakeSecret();
        InitSecret = reader.TakeSecret();
        ExporterTree = ExporterTree.CreateEmpty();
    }

    public Secret SenderDataSecret { get; }

    public Secret ExporterSecret { get; }

    public Secret ExternalSecret { get; }

    public Secret ConfirmationKey { get; }

    public Secret MembershipKey { get; }

    public Secret ResumptionPsk { get; }

    public Secret EpochAuthenticator { get; }

    public Secret InitSecret { get; }

    /// <summary>draft-ietf-mls-extensions-09 §4.4. Stored node by node, not by <see cref="Write"/>.</summary>
    public ExporterTree ExporterTree { get; }

    /// <summary>For the vectors, which look at it before the secret tree takes it.</summary>
    internal Secret EncryptionSecret => _encryptionSecret ?? throw new InvalidOperationException("The encryption secret has been taken.");

    public static EpochSecrets FromEpochSecret(CryptoSuite suite, ReadOnlySpan<byte> epochSecret) => new(suite, epochSecret);

    public static EpochSecrets Read(TlsReader reader) => new(reader);

    /// <summary>Writes all that outlives the start of the epoch; the encryption secret lives on in the secret tree.</summary>
    public void Write(TlsWriter writer)
    {
        ReadOnlySpan<Secret> kept =
        [
            SenderDataSecret, ExporterSecret, ExternalSecret, ConfirmationKey, MembershipKey, ResumptionPsk, EpochAuthenticator, InitSecret,
        ];
        foreach (Secret secret in kept)
            writer.WriteVector(secret.AsSpan());
    }

    /// <summary>Hands the encryption secret over; the caller disposes it.</summary>
    public Secret TakeEncryptionSecret()
    {
        Secret taken = EncryptionSecret;
        _encryptionSecret = null;
        return taken;
    }

    public void Dispose()
    {
        SenderDataSecret.Dispose();
        _encryptionSecret?.Dispose();
        ExporterSecret.Dispose();
        ExternalSecret.Dispose();
        ConfirmationKey.Dispose();
        MembershipKey.Dispose();
        ResumptionPsk.Dispose();
        EpochAuthenticator.Dispose();
        InitSecret.Dispose();
        ExporterTree.Dispose();
    }
}
