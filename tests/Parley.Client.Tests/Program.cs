using Parley.Client.Tests.Store;
using Xunit.Runner.InProc.SystemConsole;

namespace Parley.Client.Tests;

/// <summary><c>write FOLDER</c> writes to a profile until it is killed; anything else is xunit's.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args) => args is ["write", var folder] ? StoreWriter.Run(folder) : await ConsoleRunner.Run(args);
}
