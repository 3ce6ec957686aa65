using System.Net;
using Parley.Server.Clustering;
using Parley.Server.Hosting;

namespace Parley.Server.Tests.Clustering;

public sealed class ClusterSettingsTests
{
    [Fact]
    public void Without_them_a_server_is_no_node() => Assert.Null(ClusterSettings.Parse(null, null, _ => null));

    [Fact]
    public void A_node_is_reached_where_it_listens_unless_told_otherwise()
    {
        var here = new IPEndPoint(IPAddress.Parse("10.0.0.1"), 7946);
        Assert.Equal(new ClusterSettings(here, here), ClusterSettings.Parse("10.0.0.1:7946", null, _ => null));
        Assert.Equal(new ClusterSettings(new IPEndPoint(IPAddress.Any, 7946), here), ClusterSettings.Parse("0.0.0.0:7946", "10.0.0.1:7946", _ => null));
        Assert.Equal(here, ClusterSettings.Parse(null, null, name => name == "PARLEY_CLUSTER_LISTEN" ? "10.0.0.1:7946" : null)?.Listen);
    }

    [Theory]
    [InlineData("0.0.0.0:7946", null)]
    [InlineData("[::]:7946", null)]
    [InlineData("10.0.0.1", null)]
    [InlineData("db.example.org:7946", null)]
    [InlineData(null, "10.0.0.1:7946")]
    [InlineData("10.0.0.1:7946", "nowhere")]
    public void What_cannot_be_meant_is_refused(string? listen, string? address) =>
        Assert.Equal(ExitCode.WrongSetting, Assert.Throws<StartupException>(() => ClusterSettings.Parse(listen, address, _ => null)).ExitCode);
}
