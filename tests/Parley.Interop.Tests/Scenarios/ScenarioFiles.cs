using System.Text.Json;
using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>A script of the official test runner: its steps in order.</summary>
internal sealed record Scenario(string Name, IReadOnlyList<JsonElement> Steps);

/// <summary>
/// The scripts of the official test runner, interop/configs of github.com/mlswg/mls-implementations. They are not part of the
/// repository: without the folder a test is skipped, and says where to get it.
/// </summary>
internal static class ScenarioFiles
{
    private const string FolderVariable = "PARLEY_VECTORS";

    /// <summary>The scripts of a file.</summary>
    public static IReadOnlyList<Scenario> Read(string file)
    {
        string? folder = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named : BesideTheCheckout();
        string path = Path.Combine(folder ?? "", "interop-configs", file);
        Assert.SkipUnless(
            File.Exists(path),
            $"No {file}: set {FolderVariable}, or fill ../shared/vectors beside the repository, with the folder interop-configs (github.com/mlswg/mls-implementations: interop/configs).");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. document.RootElement.GetProperty("scripts").EnumerateObject()
            .Select(static script => new Scenario(script.Name, [.. script.Value.EnumerateArray().Select(static step => step.Clone())]))];
    }

    /// <summary>Plays the scripts of a file, each with other clients in its roles every time.</summary>
    public static void Play(string file, Func<IReadOnlyList<MLSClient.MLSClientClient>> start, IReadOnlyList<uint> suites, IReadOnlyList<bool> encryptsHandshake)
    {
        IReadOnlyList<Scenario> scenarios = Read(file); // Skipped before anything is started.
        IReadOnlyList<MLSClient.MLSClientClient> clients = start();
        var roles = new Random(scenarios.Count);
        foreach (uint suite in suites)
        {
            foreach (Scenario scenario in scenarios)
            {
                foreach (bool encrypts in encryptsHandshake)
                    new ScenarioRun(clients, suite, encrypts, new Random(roles.Next())).Play(scenario);
            }
        }

        string handshakes = string.Join(" and ", encryptsHandshake.Select(static encrypts => encrypts ? "private" : "public"));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{file}: {scenarios.Count} scripts played in suites {string.Join(", ", suites)}, handshakes {handshakes}, by {clients.Count} clients");
    }

    private static string? BesideTheCheckout()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
            folder = folder.Parent;
        return folder?.Parent is { } parent ? Path.Combine(parent.FullName, "shared", "vectors") : null;
    }
}
