using System.CommandLine;
using Parley.Bench.Mls;
using Parley.Bench.Server;

var file = new Option<FileInfo?>("--json") { Description = "Where to write the rows." };
var quick = new Option<bool>("--quick") { Description = "At most 100 leaves and fewer rounds: to see that it works, not to compare." };
var suite = new Option<ushort>("--suite") { Description = "The cipher suite's number.", DefaultValueFactory = static _ => 3 };
var mls = new Command("mls", "Measures the protocol on one thread, without a server.") { file, quick, suite };
mls.SetAction(parsed => MlsBenchmarks.Run(parsed.GetValue(file), parsed.GetValue(quick), (Parley.Mls.Messages.CipherSuite)parsed.GetValue(suite)));
var server = new Command("server", "Loads a server of its own: a group of 100 and 500 pairs.") { file };
server.SetAction((parsed, cancellationToken) => ServerBench.RunAsync(parsed.GetValue(file)?.FullName, cancellationToken));

return await new RootCommand("Parley's benchmarks. Progress goes to standard error.") { mls, server }.Parse(args).InvokeAsync();
