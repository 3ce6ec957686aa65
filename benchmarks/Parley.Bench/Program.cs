using System.CommandLine;
using System.Globalization;
using Parley.Bench.Mls;
using Parley.Bench.Server;
using Parley.Bench.Talking;
using Parley.Mls.Messages;

var file = new Option<FileInfo?>("--json") { Description = "Where to write the rows." };
var quick = new Option<bool>("--quick") { Description = "Few rounds: to see that it works, not to compare." };
var suite = new Option<string>("--suite") { Description = "The cipher suite: a number of RFC 9420, or hybrid.", DefaultValueFactory = static _ => "3" };
suite.AcceptOnlyFromAmong("1", "2", "3", "5", "7", "hybrid");
var leaves = new Option<int[]>("--leaves")
{
    Description = "Sizes of the groups; otherwise 2, 10, 100, 1000 and 10000, or the smaller ones of them if --quick.",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = static _ => [],
};
var mls = new Command("mls", "Measures the protocol on one thread, without a server.") { file, quick, suite, leaves };
mls.SetAction(parsed => MlsBenchmarks.Run(
    parsed.GetValue(file), parsed.GetValue(quick), SuiteOf(parsed.GetRequiredValue(suite)),
    parsed.GetRequiredValue(leaves) is { Length: > 0 } sizes ? sizes : parsed.GetValue(quick) ? [2, 10, 100] : [2, 10, 100, 1000, 10_000]));

var works = new Option<string[]>("--work")
{
    Description = $"Which works: {string.Join(", ", ServerBench.Works)}. Otherwise all that take no minutes.",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = static _ => [],
};
works.AcceptOnlyFromAmong([.. ServerBench.Works]);
var runs = new Option<int>("--runs") { Description = "Windows to measure in, for each work.", DefaultValueFactory = static _ => 5 };
var database = new Option<string>("--database") { Description = "Where the servers store.", DefaultValueFactory = static _ => "sqlite" };
database.AcceptOnlyFromAmong("sqlite", "postgres");
var peer = new Option<string>("--peer") { Description = "Another server that the same is measured on: ejabberd, as Debian has it." };
peer.AcceptOnlyFromAmong("ejabberd");
var server = new Command("server", "Loads a real server with durable storage over loopback.") { file, quick, works, runs, database, peer };
server.SetAction((parsed, cancellationToken) => ServerBench.RunAsync(
    new ServerBenchOptions(
        parsed.GetValue(file)?.FullName, parsed.GetRequiredValue(works), parsed.GetValue(runs), parsed.GetValue(quick), parsed.GetValue(database) == "postgres", parsed.GetValue(peer) is not null),
    cancellationToken));

var client = new Command("client", "Measures two whole clients with durable storage over a real server.") { file, quick };
client.SetAction((parsed, cancellationToken) => ClientBench.RunAsync(parsed.GetValue(file), parsed.GetValue(quick), cancellationToken));

static CipherSuite SuiteOf(string name) =>
    name == "hybrid" ? CipherSuite.XWingChaCha20Poly1305Sha256Ed25519 : (CipherSuite)ushort.Parse(name, CultureInfo.InvariantCulture);

return await new RootCommand("Parley's benchmarks.") { mls, server, client }.Parse(args).InvokeAsync();
