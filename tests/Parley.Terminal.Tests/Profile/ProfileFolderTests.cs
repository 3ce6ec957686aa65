using Parley.Terminal.Profile;

namespace Parley.Terminal.Tests.Profile;

public sealed class ProfileFolderTests
{
    [Fact]
    public void The_system_says_where_unless_someone_does()
    {
        var variables = new Dictionary<string, string> { ["HOME"] = "/at/home", ["LOCALAPPDATA"] = "/local/data" };
        Assert.Equal("/at/home/.local/share/parley", Find(null, ProfileSystem.Unix));
        Assert.Equal("/at/home/Library/Application Support/parley", Find(null, ProfileSystem.MacOS));
        Assert.Equal("/local/data/parley", Find(null, ProfileSystem.Windows));

        variables["XDG_DATA_HOME"] = "relative";
        Assert.Equal("/at/home/.local/share/parley", Find(null, ProfileSystem.Unix));
        variables["XDG_DATA_HOME"] = "/data";
        Assert.Equal("/data/parley", Find(null, ProfileSystem.Unix));
        Assert.Equal("/at/home/Library/Application Support/parley", Find(null, ProfileSystem.MacOS));

        variables["PARLEY_PROFILE"] = "/profiles/work";
        Assert.Equal(Path.GetFullPath("/profiles/work"), Find(null, ProfileSystem.Unix));
        Assert.Equal(Path.GetFullPath("/elsewhere"), Find("/elsewhere", ProfileSystem.Windows));

        string Find(string? asked, ProfileSystem system) => ProfileFolder.Find(asked, variables.GetValueOrDefault, system).Replace('\\', '/');
    }
}
