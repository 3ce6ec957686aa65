namespace Parley.Interop.Tests.Scenarios;

/// <summary>
/// The official test runner's long random script, 1,670 steps in a group of up to some dozens. A class of its own, so that it is played
/// beside the others.
/// </summary>
public sealed class DeepRandomTests(TwoProcesses processes) : IClassFixture<TwoProcesses>
{
    [Theory]
    [InlineData(3, true)]
    [InlineData(1, false)]
    public void The_long_random_script_is_played_between_two_processes(uint suite, bool encryptsHandshake) =>
        ScenarioFiles.Play("deep_random.json", processes.Clients, [suite], [encryptsHandshake]);
}
