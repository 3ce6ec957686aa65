using System.CommandLine;
using Parley.Bench.Mls;
using Parley.Bench.Server;
using Parley.Mls.Messages;

var file = new Option<FileInfo?>("--json") { Description = "Where to write the rows." };
var quick = new Option<bool>("--quick") { Description = "Few rounds: to see that it works, not to compare." };
var suite = new Option<ushort>("--suite") { Description = "The cipher suite's number.", DefaultValueFactory = static _ => 3 };
var leaves = new Option<int[]>("--leaves")
{
    Description = "Sizes of the groups; otherwise 2, 10, 100, 1000 and 10000, or the smaller ones of them if --quick.",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = static _ => [],
};
var mls = new Command("mls", "Measures the protocol on one thread, without a server.") { file, quick, suite, leaves };
mls.SetAction(parsed => MlsBenchmarks.Run(
    parsed.GetValue(file), parsed.GetValue(quick), (CipherSuite)parsed.GetValue(suite),
    parsed.GetRequiredValue(leaves) is { Length: > 0 } sizes ? sizes : parsed.GetValue(quick) ? [2, 10, 100] : [2, 10, 100, 1000, 10_000]));

var server = new Command("server", "Loads a real server with durable storage over loopback.") { file };
server.SetAction((parsed, cancellationToken) => ServerBench.RunAsync(parsed.GetValue(file)?.FullName, cancellationToken));

return await new RootCommand("Parley's benchmarks.") { mls, server }.Parse(args).InvokeAsync();
