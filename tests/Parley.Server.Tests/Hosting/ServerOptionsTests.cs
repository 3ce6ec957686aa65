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
        ServerOptions options = ServerOptions.Parse(null, null, null, null, null, null, Environment.GetValueOrDefault);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 9000), options.Listen);
        Assert.Equal(Path.GetFullPath("/srv/parley"), options.Store.DataDirectory);
        Assert.Equal("https://chat.example.org", options.PublicUrl);
        Assert.Equal("chat.example.org", options.Name);
        Assert.Equal(7, options.Limits.RequestsPerSecond);
        Assert.Equal(8000, ServerOptions.Parse("http://localhost:8000", "x", null, null, null, null, Environment.GetValueOrDefault).Listen.Port);
    }

    [Fact]
    public void Limits_and_trusted_proxies_come_from_the_environment()
    {
        ServerOptions options = Parse(("PARLEY_APPENDS_PER_SECOND", "3"), ("PARLEY_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1"));
        Assert.Equal(3, options.Limits.AppendsPerSecond);
        Assert.Equal(new Server.Limiting.ServerLimits { AppendsPerSecond = 3 }, options.Limits);
        Assert.All(["127.0.0.1", "10.20.30.40", "::1", "::ffff:127.0.0.1"], address => Assert.True(options.IsTrustedProxy(IPAddress.Parse(address))));
        Assert.All(["127.0.0.2", "11.0.0.1", "::2"], address => Assert.False(options.IsTrustedProxy(IPAddress.Parse(address))));
        Assert.False(Parse().IsTrustedProxy(IPAddress.Loopback));
    }

    [Theory]
    [InlineData("PARLEY_APPENDS_PER_SECOND", "0")]
    [InlineData("PARLEY_GROUPS_PER_HOUR", "many")]
    [InlineData("PARLEY_QUEUE_MEGABYTES", "9999999999")]
    [InlineData("PARLEY_TRUSTED_PROXIES", "proxy.example.org")]
    public void A_limit_or_proxy_that_cannot_be_meant_is_refused_by_name(string name, string value)
    {
        StartupException refusal = Assert.Throws<StartupException>(() => Parse((name, value)));
        Assert.Equal(ExitCode.WrongSetting, refusal.ExitCode);
        Assert.StartsWith(name, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8787", "http://127.0.0.1:8787")]
    [InlineData("http://[::1]:8787", "http://[::1]:8787")]
    public void Links_begin_with_the_address_where_nothing_else_is_said(string listen, string publicUrl) =>
        Assert.Equal(publicUrl, ServerOptions.Parse(listen, "x", null, null, null, null, _ => null).PublicUrl);

    [Fact]
    public void Links_do_not_begin_with_an_address_that_means_all() =>
        Assert.DoesNotContain("0.0.0.0", ServerOptions.Parse("http://0.0.0.0:8787", "x", null, null, null, null, _ => null).PublicUrl, StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.1:8787")]
    [InlineData("http://chat.example.org:8787")]
    [InlineData("http://127.0.0.1:8787/path")]
    [InlineData("ftp://127.0.0.1")]
    public void A_listen_address_that_cannot_be_meant_is_refused(string listen) =>
        Assert.Equal(ExitCode.WrongSetting, Assert.Throws<StartupException>(() => ServerOptions.Parse(listen, "x", null, null, null, null, _ => null)).ExitCode);

    [Fact]
    public void A_PostgreSQL_address_is_taken_apart()
    {
        Assert.Null(Store(null, null, _ => null).Postgres);
        Npgsql.NpgsqlConnectionStringBuilder settings = Store(null, "postgresql://parley:p%40ss@db.example.org:5433/chat?sslmode=verify-full", _ => null).Postgres!;
        Assert.Equal(("db.example.org", 5433, "chat", "parley", "p@ss"), (settings.Host, settings.Port, settings.Database, settings.Username, settings.Password));
        Assert.Equal(Npgsql.SslMode.VerifyFull, settings.SslMode);
        Assert.Equal("/var/run/postgresql", Store(null, "postgres:///chat?host=/var/run/postgresql", _ => null).Postgres!.Host);
        Assert.Equal("b", Store(null, null, name => name == "PARLEY_DATABASE" ? "postgresql://a/b" : null).Postgres!.Database);
        Assert.Null(Store("folder", null, name => name == "PARLEY_DATABASE" ? "postgresql://a/b" : null).Postgres);
    }

    [Theory]
    [InlineData("secret@host")]
    [InlineData("mysql://me:secret@host/chat")]
    [InlineData("postgresql://me:secret@host")]
    [InlineData("postgresql://me:secret@host/chat?sslmode=maybe")]
    [InlineData("postgresql://me:secret@host/chat?pool=1")]
    public void A_PostgreSQL_address_that_cannot_be_meant_is_refused_without_repeating_its_password(string address)
    {
        StartupException refusal = Assert.Throws<StartupException>(() => Store(null, address, _ => null));
        Assert.Equal(ExitCode.WrongSetting, refusal.ExitCode);
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_and_a_database_are_not_used_together() =>
        Assert.Equal(ExitCode.WrongSetting, Assert.Throws<StartupException>(() => Store("folder", "postgresql://a/b", _ => null)).ExitCode);

    private static ServerOptions Parse(params (string Name, string Value)[] environment) =>
        ServerOptions.Parse(null, "x", null, null, null, null, name => environment.FirstOrDefault(setting => setting.Name == name).Value);

    private static StoreSettings Store(string? data, string? database, Func<string, string?> environment) => ServerOptions.ParseStore(data, database, environment);
}
