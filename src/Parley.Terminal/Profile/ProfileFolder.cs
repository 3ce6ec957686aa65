namespace Parley.Terminal.Profile;

/// <summary>Where a profile is kept: what was asked for, else what <c>PARLEY_PROFILE</c> says, else the system's own place for a program's data.</summary>
internal static class ProfileFolder
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "PARLEY_PROFILE";

    private const string Name = "parley";

    /// <summary>The profile's folder as an absolute path.</summary>
    public static string Find(string? asked) => Find(asked, Environment.GetEnvironmentVariable, CurrentSystem());

    /// <summary>As <see cref="Find(string)"/>, on a system and with an environment given.</summary>
    public static string Find(string? asked, Func<string, string?> variable, ProfileSystem system)
    {
        if (!string.IsNullOrWhiteSpace(asked))
            return Path.GetFullPath(asked);
        if (variable(Variable) is { } named && !string.IsNullOrWhiteSpace(named))
            return Path.GetFullPath(named);
        string home = variable("HOME") ?? "";
        return system switch
        {
            ProfileSystem.Windows => Path.Combine(variable("LOCALAPPDATA") ?? "", Name),
            ProfileSystem.MacOS => Path.Combine(home, "Library", "Application Support", Name),
            // The XDG specification has a relative path ignored.
            ProfileSystem.Unix => variable("XDG_DATA_HOME") is { } data && Path.IsPathRooted(data) ? Path.Combine(data, Name) : Path.Combine(home, ".local", "share", Name),
            _ => throw new ArgumentOutOfRangeException(nameof(system)),
        };
    }

    private static ProfileSystem CurrentSystem() =>
        OperatingSystem.IsWindows() ? ProfileSystem.Windows : OperatingSystem.IsMacOS() ? ProfileSystem.MacOS : ProfileSystem.Unix;
}

/// <summary>The systems that have a place of their own for a program's data.</summary>
internal enum ProfileSystem
{
    /// <summary>Linux and the BSDs.</summary>
    Unix,

    /// <summary>macOS.</summary>
    MacOS,

    /// <summary>Windows.</summary>
    Windows,
}
