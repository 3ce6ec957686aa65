using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Parley.Server.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Hosting;

/// <summary>The server's own certificate. That it is spoken with, the end-to-end tests show.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CapturedLogs _logs = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    private string CertificateFile => _folder.File("chat.pem");

    private string KeyFile => _folder.File("chat.key");

    [Fact]
    public async Task A_certificate_that_was_replaced_is_shown_from_then_on_and_a_bad_one_is_not()
    {
        string first = TestCertificate.Write(CertificateFile, KeyFile);
        using TlsCertificate certificate = Open();
        Assert.Equal(first, ThumbprintOf(certificate));
        await certificate.StartAsync(TestContext.Current.CancellationToken);

        TestCertificate.Write(CertificateFile, _folder.File("other.key"));
        await AdvanceUntilAsync(() => _logs.Errors.Any(line => line.Contains("fits", StringComparison.Ordinal)));
        Assert.Equal(first, ThumbprintOf(certificate));
        File.Delete(CertificateFile);
        await AdvanceUntilAsync(() => _logs.Errors.Any(line => line.Contains("cannot be read", StringComparison.Ordinal)));
        Assert.Equal(first, ThumbprintOf(certificate));

        string second = TestCertificate.Write(CertificateFile, KeyFile);
        await AdvanceUntilAsync(() => ThumbprintOf(certificate) == second);
        await certificate.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_connection_that_keeps_no_buffers_while_it_waits_works_as_before()
    {
        TestCertificate.Write(CertificateFile, KeyFile);
        using TlsCertificate certificate = Open();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var near = new TcpClient();
        await near.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using TcpClient far = await listener.AcceptTcpClientAsync();
        await using var client = new SslStream(near.GetStream(), leaveInnerStreamOpen: false, static (_, shown, _, _) => shown is not null);
        await using var server = new SslStream(far.GetStream());
        Assert.False(TlsBuffers.TryReleaseWhenIdle(server));
        await Task.WhenAll(client.AuthenticateAsClientAsync("chat.test"), server.AuthenticateAsServerAsync(certificate.Current));

        // False here means that this .NET or this OpenSSL is another than the one that TlsBuffers knows.
        Assert.Equal(OperatingSystem.IsLinux(), TlsBuffers.TryReleaseWhenIdle(server));
        foreach (int bytes in new[] { 1, 100_000, 1 })
        {
            await PassAsync(client, server, RandomNumberGenerator.GetBytes(bytes));
            await PassAsync(server, client, RandomNumberGenerator.GetBytes(bytes));
        }

        static async Task PassAsync(SslStream from, SslStream to, byte[] sent)
        {
            Task sending = from.WriteAsync(sent).AsTask();
            byte[] received = new byte[sent.Length];
            await to.ReadExactlyAsync(received);
            await sending;
            Assert.Equal(sent, received);
        }
    }

    [Fact]
    public async Task That_it_expires_is_said_each_day_from_two_weeks_before_until_it_is_renewed()
    {
        long? expiry = null;
        using var metrics = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "parley.tls.certificate.expiry")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        metrics.SetMeasurementEventCallback<long>((_, value, _, _) => expiry = value);
        metrics.Start();
        TestCertificate.Write(CertificateFile, KeyFile, validThrough: 16);
        using TlsCertificate certificate = Open();
        await certificate.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => expiry is not null);
        Assert.Equal(new DateTimeOffset(certificate.Current.ServerCertificateContext!.TargetCertificate.NotAfter).ToUnixTimeSeconds(), expiry);
        Assert.DoesNotContain(_logs.Entries, IsReminder);

        _clock.Advance(TimeSpan.FromDays(3));
        await AdvanceUntilAsync(() => _logs.Entries.Count(IsReminder) == 1);
        _clock.Advance(TimeSpan.FromDays(1));
        await AdvanceUntilAsync(() => _logs.Entries.Count(IsReminder) == 2);
        Assert.Empty(_logs.Errors);
        _clock.Advance(TimeSpan.FromDays(13));
        await AdvanceUntilAsync(() => _logs.Errors.Any(line => line.Contains("has expired on", StringComparison.Ordinal)));

        string renewed = TestCertificate.Write(CertificateFile, KeyFile, validThrough: 100);
        await AdvanceUntilAsync(() => ThumbprintOf(certificate) == renewed);
        int said = _logs.Entries.Count(IsReminder) + _logs.Errors.Count();
        _clock.Advance(TimeSpan.FromDays(2));
        await AdvanceUntilAsync(() => expiry > new DateTimeOffset(DateTime.UtcNow).AddDays(50).ToUnixTimeSeconds());
        Assert.Equal(said, _logs.Entries.Count(IsReminder) + _logs.Errors.Count());
        await certificate.StopAsync(TestContext.Current.CancellationToken);

        static bool IsReminder(string line) => line.Contains("expires on", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("absent", "cannot be read")]
    [InlineData("nonsense", "no certificate in PEM")]
    [InlineData("expired", "has expired")]
    [InlineData("early", "is valid from")]
    [InlineData("mismatch", "fits the first certificate")]
    [InlineData("no key", "fits the first certificate")]
    [InlineData("encrypted", "is encrypted")]
    public void A_certificate_that_cannot_be_used_is_refused_by_a_sentence(string what, string sentence)
    {
        (int from, int through) = what switch { "expired" => (-3, -2), "early" => (2, 3), _ => (-1, 1) };
        TestCertificate.Write(CertificateFile, KeyFile, from, through);
        switch (what)
        {
            case "absent":
                File.Delete(CertificateFile);
                break;
            case "nonsense":
                File.WriteAllText(CertificateFile, "nonsense");
                break;
            case "mismatch":
                TestCertificate.Write(_folder.File("other.pem"), KeyFile);
                break;
            case "no key":
                File.Copy(CertificateFile, KeyFile, overwrite: true);
                break;
            case "encrypted":
                File.WriteAllText(KeyFile, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
                break;
        }

        StartupException refusal = Assert.Throws<StartupException>(Open);
        Assert.Equal(ExitCode.WrongSetting, refusal.ExitCode);
        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, true, "needs a certificate")]
    [InlineData("chat.pem", null, true, "belong together")]
    [InlineData(null, "chat.key", false, "belong together")]
    [InlineData("chat.pem", "chat.key", false, "would not use it")]
    public void Settings_that_do_not_fit_together_are_refused(string? certificate, string? key, bool isHttps, string sentence)
    {
        StartupException refusal = Assert.Throws<StartupException>(() => TlsSettings.Parse(certificate, key, isHttps, _ => null));
        Assert.Equal(ExitCode.WrongSetting, refusal.ExitCode);
        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_come_from_the_environment_where_nothing_is_typed()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PARLEY_TLS_CERTIFICATE"] = "/etc/chat.pem", ["PARLEY_TLS_KEY"] = "/etc/chat.key" };
        Assert.Equal(new TlsSettings(Path.GetFullPath("/etc/other.pem"), Path.GetFullPath("/etc/chat.key")), TlsSettings.Parse("/etc/other.pem", null, isHttps: true, environment.GetValueOrDefault));
        Assert.Null(TlsSettings.Parse(null, null, isHttps: false, _ => null));
    }

    public void Dispose()
    {
        _logs.Dispose();
        _folder.Dispose();
    }

    private TlsCertificate Open()
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(_logs));
        return new TlsCertificate(new TlsSettings(CertificateFile, KeyFile), _clock, loggers.CreateLogger<TlsCertificate>());
    }

    private static string ThumbprintOf(TlsCertificate certificate) => certificate.Current.ServerCertificateContext!.TargetCertificate.Thumbprint;

    private Task AdvanceUntilAsync(Func<bool> isSo) => Eventually.TrueAsync(() =>
    {
        _clock.Advance(TlsCertificate.Interval);
        return isSo();
    });
}
