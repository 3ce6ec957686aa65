using System.Globalization;
using Parley.Simulation.Core;
using Parley.Simulation.Faults;
using Xunit.Runner.InProc.SystemConsole;

namespace Parley.Simulation;

/// <summary><c>run --seed N --faults all</c> plays one seed; anything else is xunit's.</summary>
internal static class Program
{
    private const string Usage = "run [--seed N] [--count N] [--faults all|none|NAME,…] [--deeds N] [--trace]";

    public static async Task<int> Main(string[] args) => args is ["run", .. var rest] ? Run(rest) : await ConsoleRunner.Run(args);

    private static int Run(string[] args)
    {
        ulong seed = 1;
        int count = 1;
        int deeds = 30;
        string names = "all";
        bool isTraced = false;
        for (int i = 0; i < args.Length; i++)
        {
            bool fits = args[i] switch
            {
                "--trace" => isTraced = true,
                "--seed" => ulong.TryParse(args.ElementAtOrDefault(++i), CultureInfo.InvariantCulture, out seed),
                "--count" => int.TryParse(args.ElementAtOrDefault(++i), CultureInfo.InvariantCulture, out count),
                "--deeds" => int.TryParse(args.ElementAtOrDefault(++i), CultureInfo.InvariantCulture, out deeds),
                "--faults" => (names = args.ElementAtOrDefault(++i) ?? "").Length > 0,
                _ => false,
            };
            if (!fits)
                return Explain($"What is “{args[Math.Min(i, args.Length - 1)]}”? {Usage}");
        }

        if (!FaultList.TryParse(names, out IReadOnlyList<Fault> faults, out string? unknown))
            return Explain($"There is no fault “{unknown}”. There are: {string.Join(", ", FaultList.All.Select(static fault => fault.Name))}.");
        int failed = 0;
        for (int i = 0; i < count; i++)
            failed += Seeds.Run(new SimulationOptions(seed + (ulong)i, faults) { Deeds = deeds, Output = isTraced ? Console.Out : null }, Console.Out) ? 0 : 1;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count - failed} seeds ran clean, {failed} failed"));
        return failed == 0 ? 0 : 1;
    }

    private static int Explain(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 2;
    }
}
