using Parley.Interop.Wire;
using Parley.Mls.BouncyCastle;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>
/// Every script of the official test runner, with our client in every role: in this process in all suites, and by gRPC between two
/// others in the two suites that have nothing in common.
/// </summary>
public sealed class ScenarioTests(TwoProcesses processes) : IClassFixture<TwoProcesses>
{
    private const uint DefaultSuite = 3;
    private const uint OtherSuite = 2;
    private const int ParticipantsMax = 4096;

    public static readonly TheoryData<string> Files =
    [
        "welcome_join.json", "application.json", "commit.json", "external_join.json", "external_proposals.json", "reinit.json", "branch.json",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_script_is_played_in_one_process_in_all_suites(string file)
    {
        using var first = new MlsClientService(new BouncyCastleCryptoProvider(new NativeCryptoProvider(RandomSource.System)), TimeProvider.System);
        using var second = new MlsClientService(new BouncyCastleCryptoProvider(new NativeCryptoProvider(RandomSource.System)), TimeProvider.System);
        MLSClient.MLSClientClient[] clients = [new(new InProcessInvoker(first)), new(new InProcessInvoker(second))];
        uint[] suites = [.. clients[0].SupportedCiphersuites(new SupportedCiphersuitesRequest()).Ciphersuites];
        ScenarioFiles.Play(file, () => clients, suites, [true, false]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_script_is_played_between_two_processes(string file) => ScenarioFiles.Play(file, processes.Clients, [DefaultSuite, OtherSuite], [true, false]);

    [Fact]
    public void Of_many_participants_the_oldest_is_freed()
    {
        using var service = new MlsClientService(new NativeCryptoProvider(RandomSource.System), TimeProvider.System);
        var client = new MLSClient.MLSClientClient(new InProcessInvoker(service));
        var request = new CreateKeyPackageRequest { CipherSuite = DefaultSuite };
        uint first = client.CreateKeyPackage(request).TransactionId;
        for (int i = 0; i < ParticipantsMax; i++)
            client.CreateKeyPackage(request);
        Assert.Throws<ArgumentException>(() => client.StorePSK(new StorePSKRequest { StateOrTransactionId = first }));
        client.StorePSK(new StorePSKRequest { StateOrTransactionId = first + 1 });
    }

    [Fact]
    public void A_client_says_who_it_is_and_refuses_what_makes_no_sense()
    {
        MLSClient.MLSClientClient client = processes.Clients()[0];
        Assert.Equal("Parley.Mls", client.Name(new NameRequest()).Name);
        Assert.Contains(DefaultSuite, client.SupportedCiphersuites(new SupportedCiphersuitesRequest()).Ciphersuites);
        Grpc.Core.RpcException refused = Assert.Throws<Grpc.Core.RpcException>(() => client.StateAuth(new StateAuthRequest { StateId = uint.MaxValue }));
        Assert.Contains("There is no Participant 4294967295.", refused.Status.Detail, StringComparison.Ordinal);
    }
}
