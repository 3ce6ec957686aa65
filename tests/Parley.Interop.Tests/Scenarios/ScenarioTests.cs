using Parley.Interop.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>Every script of the official test runner, with our client in every role: in this process, and by gRPC between two.</summary>
public sealed class ScenarioTests
{
    private const string DeepRandom = "deep_random.json";
    private const uint DefaultSuite = 3;

    public static readonly TheoryData<string> Files =
    [
        "welcome_join.json", "application.json", "commit.json", "external_join.json", "external_proposals.json", "reinit.json", "branch.json",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_script_is_played_in_one_process_in_all_suites(string file)
    {
        using var first = new MlsClientService(new NativeCryptoProvider(RandomSource.System), TimeProvider.System);
        using var second = new MlsClientService(new NativeCryptoProvider(RandomSource.System), TimeProvider.System);
        MLSClient.MLSClientClient[] clients = [new(new InProcessInvoker(first)), new(new InProcessInvoker(second))];
        uint[] suites = [.. clients[0].SupportedCiphersuites(new SupportedCiphersuitesRequest()).Ciphersuites];
        Play(file, clients, suites, [true, false]);
    }

    // Once, because it takes half a minute: 1,670 steps, in a group of up to some dozens.
    [Fact]
    public void A_long_random_script_is_played_in_one_process()
    {
        using var service = new MlsClientService(new NativeCryptoProvider(RandomSource.System), TimeProvider.System);
        Play(DeepRandom, [new(new InProcessInvoker(service))], [DefaultSuite], [true]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_script_is_played_between_two_processes(string file)
    {
        _ = ScenarioFiles.Read(file); // Skipped before anything is started.
        using InteropProcess first = InteropProcess.Start();
        using InteropProcess second = InteropProcess.Start();
        Play(file, [first.Client, second.Client], [DefaultSuite], [true, false]);
    }

    [Fact]
    public void A_client_says_who_it_is_and_refuses_what_makes_no_sense()
    {
        using InteropProcess process = InteropProcess.Start();
        Assert.Equal("Parley.Mls", process.Client.Name(new NameRequest()).Name);
        Assert.Contains(DefaultSuite, process.Client.SupportedCiphersuites(new SupportedCiphersuitesRequest()).Ciphersuites);
        Grpc.Core.RpcException refused = Assert.Throws<Grpc.Core.RpcException>(() => process.Client.StateAuth(new StateAuthRequest { StateId = 7 }));
        Assert.Contains("There is no Participant 7.", refused.Status.Detail, StringComparison.Ordinal);
    }

    private static void Play(string file, IReadOnlyList<MLSClient.MLSClientClient> clients, IReadOnlyList<uint> suites, IReadOnlyList<bool> encryptsHandshake)
    {
        IReadOnlyList<Scenario> scenarios = ScenarioFiles.Read(file);
        foreach (uint suite in suites)
        {
            foreach (Scenario scenario in scenarios)
            {
                foreach (bool encrypts in encryptsHandshake)
                    new ScenarioRun(clients, suite, encrypts, new Random(scenario.Steps.Count)).Play(scenario);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{file}: {scenarios.Count} scripts played in suites {string.Join(", ", suites)}, handshakes {(encryptsHandshake.Count == 2 ? "private and public" : "private")}, by {clients.Count} clients");
    }
}
