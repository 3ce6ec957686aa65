using System.Text;
using Parley.Terminal.CommandLine;

// The process boundary: whatever gets here is a fault of ours, told in one sentence and never with what a message said.
try
{
    Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
    return await ParleyCommandLine.RunAsync(args, CommandLineConsole.OfProcess());
}
catch (Exception e)
{
    await Console.Error.WriteAsync($"parley: Parley has failed inside ({e.GetType().Name}). Nothing that was sent is lost.\n");
    return (int)ExitCode.Failed;
}
