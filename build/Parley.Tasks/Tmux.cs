namespace Parley.Tasks;

/// <summary>
/// The full-screen client is tested in a pseudo-terminal, which tmux provides. Where it is missing it is installed, if that needs no
/// password; otherwise those tests are skipped and this says how to get it.
/// </summary>
internal static class Tmux
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    public static void Ensure(TextWriter output)
    {
        if (Tool.Exists("tmux") || OperatingSystem.IsWindows())
            return;
        output.WriteLine("tmux is missing; the test of the full-screen client needs it. Installing it ...");
        string log = OperatingSystem.IsMacOS() ? Install("brew", "install", "tmux")
            : Environment.IsPrivilegedProcess ? Install("apt-get", "update", "-qq") + Install("apt-get", "install", "-y", "-qq", "tmux")
            : Install("sudo", "-n", "apt-get", "install", "-y", "-qq", "tmux");
        if (!Tool.Exists("tmux"))
            output.WriteLine($"tmux could not be installed, so the tests that need it are skipped. Install it by hand to run them. What was tried said:\n{log}");
    }

    private static string Install(string program, params string[] arguments) =>
        Tool.Run(program, arguments, Environment.CurrentDirectory, InstallLimit).Output;
}
