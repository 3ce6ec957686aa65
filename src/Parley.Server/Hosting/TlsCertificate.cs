using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Parley.Server.Telemetry;

namespace Parley.Server.Hosting;

/// <summary>
/// The server's own certificate. The files are read again now and then, as whoever renews it replaces them beneath a running server: a
/// new one is shown from the next connection on, and one that cannot be used leaves the old one where it is. What is compared is their
/// content, because they are often links to links. Whoever should have renewed it and has not is told while there is time.
/// </summary>
internal sealed partial class TlsCertificate : BackgroundService
{
    /// <summary>How often the files are read.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SoonMax = TimeSpan.FromDays(14);
    private static readonly TimeSpan ReminderInterval = TimeSpan.FromDays(1);

    private readonly TlsSettings _settings;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private (string Certificate, string Key) _read;
    private volatile SslServerAuthenticationOptions _current;

    // When the log last told of its end, and whether it was still valid then.
    private long? _remindedAt;
    private bool _wasValid;

    /// <exception cref="StartupException">The files cannot be used; the message says why.</exception>
    public TlsCertificate(TlsSettings settings, TimeProvider clock, ILogger<TlsCertificate> logger)
    {
        _settings = settings;
        _clock = clock;
        _logger = logger;
        try
        {
            _read = ReadFiles();
            _current = Parse(_read.Certificate, _read.Key);
        }
        catch (UnusableException e)
        {
            throw new StartupException(ExitCode.WrongSetting, e.Message);
        }
    }

    /// <summary>What a new connection is answered with.</summary>
    public SslServerAuthenticationOptions Current => _current;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        do
        {
            Renew();
            Remind();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Says once a day that the certificate expires soon, or has.</summary>
    private void Remind()
    {
        var expiresAt = new DateTimeOffset(Current.ServerCertificateContext!.TargetCertificate.NotAfter); // Not null: Parse sets it.
        TimeSpan left = expiresAt - _clock.GetUtcNow();
        ServerMetrics.CertificateExpires(expiresAt);
        if (left > SoonMax)
        {
            _remindedAt = null;
            return;
        }

        if (_remindedAt is { } remindedAt && _clock.GetElapsedTime(remindedAt) < ReminderInterval && left > TimeSpan.Zero == _wasValid)
            return;
        (_remindedAt, _wasValid) = (_clock.GetTimestamp(), left > TimeSpan.Zero);
        if (_wasValid)
            Log.ExpiresSoon(_logger, expiresAt.UtcDateTime, (int)left.TotalDays);
        else
            Log.Expired(_logger, expiresAt.UtcDateTime);
    }

    private void Renew()
    {
        try
        {
            (string Certificate, string Key) read = ReadFiles();
            if (read == _read)
                return;
            _read = read;
            _current = Parse(read.Certificate, read.Key);
            Log.Renewed(_logger);
        }
        catch (UnusableException e)
        {
            Log.NotRenewed(_logger, e.Message);
        }
    }

    private (string Certificate, string Key) ReadFiles() => (Read(_settings.CertificateFile), Read(_settings.KeyFile));

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file, Encoding.ASCII);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnusableException($"The file {file} cannot be read: {e.Message}");
        }
    }

    private SslServerAuthenticationOptions Parse(string certificatePem, string keyPem)
    {
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(certificatePem);
        }
        catch (CryptographicException e)
        {
            throw new UnusableException($"{_settings.CertificateFile} holds no certificate that can be read: {e.Message}");
        }

        if (chain.Count == 0)
            throw new UnusableException($"{_settings.CertificateFile} holds no certificate in PEM (-----BEGIN CERTIFICATE-----).");
        X509Certificate2 certificate = WithKey(certificatePem, keyPem);
        DateTime now = _clock.GetLocalNow().DateTime; // As the certificate's dates are.
        if (now > certificate.NotAfter)
            throw new UnusableException($"The certificate in {_settings.CertificateFile} has expired on {certificate.NotAfter:yyyy-MM-dd}. Renew it, or set the clock if that is wrong.");
        if (now < certificate.NotBefore)
            throw new UnusableException($"The certificate in {_settings.CertificateFile} is valid from {certificate.NotBefore:yyyy-MM-dd} on. Set the clock if that is wrong.");
        chain.RemoveAt(0);

        // Offline: what leads to the issuer stands in the file, and is not looked for elsewhere. Resumption stays on: without it .NET makes
        // OpenSSL's whole context anew for each connection, which would hold a third more.
        return new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true) };
    }

    private X509Certificate2 WithKey(string certificatePem, string keyPem)
    {
        if (keyPem.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new UnusableException($"The private key in {_settings.KeyFile} is encrypted. The server has nobody to ask for its passphrase; give it a key without one, in a file that only its own user can read.");
        try
        {
            var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            if (!OperatingSystem.IsWindows())
                return certificate;

            // Windows takes no key for TLS that is in memory alone.
            using (certificate)
                return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new UnusableException($"{_settings.KeyFile} holds no private key in PEM that fits the first certificate in {_settings.CertificateFile}.");
        }
    }

    private sealed class UnusableException(string message) : Exception(message);

    private static partial class Log
    {
        [LoggerMessage(1020, LogLevel.Information, "The certificate was renewed")]
        public static partial void Renewed(ILogger logger);

        [LoggerMessage(1021, LogLevel.Error, "The certificate could not be renewed, and the old one is still used: {Reason}")]
        public static partial void NotRenewed(ILogger logger, string reason);

        [LoggerMessage(1022, LogLevel.Warning, "The certificate expires on {ExpiresAt:yyyy-MM-dd}, in {Days} days, and has not been renewed")]
        public static partial void ExpiresSoon(ILogger logger, DateTime expiresAt, int days);

        [LoggerMessage(1023, LogLevel.Error, "The certificate has expired on {ExpiresAt:yyyy-MM-dd}; clients refuse to connect")]
        public static partial void Expired(ILogger logger, DateTime expiresAt);
    }
}
