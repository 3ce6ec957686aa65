using System.Globalization;

namespace Parley.Bench.Server;

/// <summary>The rows as the Markdown table of docs/performance.md.</summary>
internal static class ServerTable
{
    public static void Write(IReadOnlyList<ServerRow> rows, TextWriter output)
    {
        output.WriteLine("| work | median (lowest to highest) | target | processor time | p50 | p99 | server's core | clients' core | windows |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        foreach (ServerRow row in rows)
            output.WriteLine(Line(row));
        foreach (ServerRow peer in rows.Where(row => row.System != "parley"))
        {
            if (rows.FirstOrDefault(row => row.System == "parley" && row.Work == peer.Work) is { } own)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{own.Work}: {own.Median / peer.Median:F1} times {peer.System}"));
        }
    }

    public static string Line(ServerRow row)
    {
        string range = row.Runs > 1 ? $" ({Number(row.Min)} to {Number(row.Max)})" : "";
        string windows = row.Runs + (row.Discarded > 0 ? $", {row.Discarded} discarded" : "") + (row.Disturbed > 0 ? $", **{row.Disturbed} disturbed**" : "");
        return $"| {row.System} {row.Work}, {row.Database} | {Number(row.Median)} {row.Unit}{range} | {row.Target} | {Show(row.CpuUs, " µs")} | {Show(row.P50Us, " µs")} | {Show(row.P99Us, " µs")} "
            + $"| {Show(row.ServerPercent, " %")} | {Show(row.ClientPercent, " %")} | {windows} |";
    }

    private static string Show(double? value, string unit) => value is { } known ? Number(known) + unit : "";

    private static string Number(double value) => value.ToString(value is >= 100 or <= -100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
}
