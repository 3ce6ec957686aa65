namespace Parley.Tasks;

/// <summary>
/// Programs of the system that some tests need. One that is missing is installed, if that needs no password; otherwise those tests are
/// skipped and this says how to get it.
/// </summary>
internal static class SystemPackage
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(10);

    /// <summary>Is the program there now?</summary>
    public static bool Ensure(string program, string why, IReadOnlyList<string> debianPackages, string brewPackage, TextWriter output)
    {
        if (Tool.Exists(program))
            return true;
        if (OperatingSystem.IsWindows())
            return false;
        output.WriteLine($"{program} is missing; {why}. Installing it ...");
        string log = OperatingSystem.IsMacOS() ? Install("brew", "install", brewPackage)
            : Environment.IsPrivilegedProcess ? Install("apt-get", "update", "-qq") + Install("apt-get", ["install", "-y", "-qq", "--no-install-recommends", .. debianPackages])
            : Install("sudo", ["-n", "apt-get", "install", "-y", "-qq", "--no-install-recommends", .. debianPackages]);
        bool installed = Tool.Exists(program);
        if (!installed)
            output.WriteLine($"{program} could not be installed, so the tests that need it are skipped. Install it by hand to run them. What was tried said:\n{log}");
        return installed;
    }

    private static string Install(string program, params string[] arguments) =>
        Tool.Run(program, arguments, Environment.CurrentDirectory, InstallLimit).Output;
}
