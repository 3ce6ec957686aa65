using System.CommandLine;
using Parley.Server.Hosting;

// Asked to stop, a busy server needs a moment to finish its writes and to close its connections; the default is two seconds.
var configuration = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(40) };
return await CommandLine.Create().Parse(args).InvokeAsync(configuration);
