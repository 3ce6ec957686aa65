namespace Parley.Server.Hosting;

/// <summary>The files of the server's own certificate.</summary>
/// <param name="CertificateFile">The certificate in PEM, followed by those that lead to its issuer.</param>
/// <param name="KeyFile">Its private key in PEM.</param>
internal sealed record TlsSettings(string CertificateFile, string KeyFile)
{
    public const string CertificateOption = "--tls-certificate";
    public const string KeyOption = "--tls-key";

    /// <summary>
    /// Checks the settings as they were typed, or else <c>PARLEY_TLS_CERTIFICATE</c> and <c>PARLEY_TLS_KEY</c>. Null: no TLS. They belong
    /// to an address that begins with https, so that nobody takes the one for the other.
    /// </summary>
    /// <exception cref="StartupException">A setting is missing, or says something else than the others.</exception>
    public static TlsSettings? Parse(string? certificate, string? key, bool isHttps, Func<string, string?> environment)
    {
        certificate ??= environment("PARLEY_TLS_CERTIFICATE");
        key ??= environment("PARLEY_TLS_KEY");
        if (certificate is null != key is null)
            throw Wrong($"{CertificateOption} and {KeyOption} belong together: name the certificate's file with the one and its private key's with the other.");
        if (certificate is null || key is null)
        {
            return isHttps
                ? throw Wrong($"To listen on https:// the server needs a certificate: name its files with {CertificateOption} and {KeyOption}. Or listen on http:// behind a reverse proxy with TLS.")
                : null;
        }

        return isHttps
            ? new TlsSettings(Path.GetFullPath(certificate), Path.GetFullPath(key))
            : throw Wrong($"{CertificateOption} is for a server that listens on https://; this one would not use it. Say so with --listen https://...");
    }

    private static StartupException Wrong(string why) => new(ExitCode.WrongSetting, why);
}
