using System.Net;
using Parley.Server.Hosting;

namespace Parley.Server.Tests.Hosting;

public sealed class ServerOptionsTests
{
    private static readonly Dictionary<string, string> Environment = new(StringComparer.Ordinal)
    {
        ["PARLEY_LISTEN"] = "http://127.0.0.1:9000",
        ["PARLEY_DATA"] = "/srv/parley",
        ["PARLEY_PUBLIC_URL"] = "https://chat.example.org/",
        ["PARLEY_NAME"] = "chat.example.org",
        ["PARLEY_REQUESTS_PER_SECOND"] = "7",
    };

    [Fact]
    public void What_is_not_typed_comes_from_the_environment()
    {
        ServerOptions options = ServerOptions.Parse(null, null, null, null, Environment.GetValueOrDefault);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 9000), options.Listen);
        Assert.Equal(Path.GetFullPath("/srv/parley"), options.DataDirectory);
        Assert.Equal("https://chat.example.org", options.PublicUrl);
        Assert.Equal("chat.example.org", options.Name);
        Assert.Equal(7, options.RequestsPerSecond);
        Assert.Equal(8000, ServerOptions.Parse("http://localhost:8000", "x", null, null, Environment.GetValueOrDefault).Listen.Port);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8787", "http://127.0.0.1:8787")]
    [InlineData("http://[::1]:8787", "http://[::1]:8787")]
    public void Links_begin_with_the_address_where_nothing_else_is_said(string listen, string publicUrl) =>
        Assert.Equal(publicUrl, ServerOptions.Parse(listen, "x", null, null, _ => null).PublicUrl);

    [Fact]
    public void Links_do_not_begin_with_an_address_that_means_all() =>
        Assert.DoesNotContain("0.0.0.0", ServerOptions.Parse("http://0.0.0.0:8787", "x", null, null, _ => null).PublicUrl, StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.1:8787")]
    [InlineData("http://chat.example.org:8787")]
    [InlineData("http://127.0.0.1:8787/path")]
    [InlineData("ftp://127.0.0.1")]
    public void A_listen_address_that_cannot_be_meant_is_refused(string listen) =>
        Assert.Equal(ExitCode.WrongSetting, Assert.Throws<StartupException>(() => ServerOptions.Parse(listen, "x", null, null, _ => null)).ExitCode);
}
