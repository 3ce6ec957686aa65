namespace Parley.Server.Hosting;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int WrongSetting = 2;
    public const int CannotStart = 3;
    public const int DeclaredDead = 4;
}

/// <summary>The server cannot start. The message is one sentence for whoever started it.</summary>
internal sealed class StartupException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
