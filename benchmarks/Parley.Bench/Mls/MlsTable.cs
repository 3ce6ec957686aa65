using System.Globalization;

namespace Parley.Bench.Mls;

/// <summary>The rows as the Markdown table of docs/performance.md.</summary>
internal static class MlsTable
{
    public static void Write(IReadOnlyList<MlsRow> rows, TextWriter output)
    {
        output.WriteLine("| operation | leaves, shape | time | primitives | ratio | message | allocated | stored |");
        output.WriteLine("|---|---|--:|--:|--:|--:|--:|--:|");
        foreach (MlsRow row in rows.OrderBy(row => PlaceOf(rows, row)))
        {
            string place = row.Leaves == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{row.Leaves}, {row.Shape}");
            string ratio = row.Ratio.ToString("F2", CultureInfo.InvariantCulture);
            output.WriteLine(
                $"| {NameOf(row)} | {place} | {Time(row.MedianUs)} | {Time(row.PrimitivesUs)} | {ratio} | {Size(row.Bytes)} | {Size(row.AllocatedBytes)} | {Size(row.StorageBytes)} |");
        }
    }

    // Operation by operation, in the order in which they were first measured.
    private static int PlaceOf(IReadOnlyList<MlsRow> rows, MlsRow row) =>
        rows.TakeWhile(other => (other.Name, other.PayloadBytes, other.Shape) != (row.Name, row.PayloadBytes, row.Shape)).Count();

    private static string NameOf(MlsRow row) => row.Name switch
    {
        "key_package" => "make a KeyPackage",
        "protect" or "unprotect" => $"{row.Name} {(row.PayloadBytes < 1024 ? $"{row.PayloadBytes} B" : $"{row.PayloadBytes / 1024} KiB")}",
        "process_neighbour" => "process, as neighbour",
        "join_one_thread" => "join, on one thread",
        "create" => "create and add all others",
        "create_one_thread" => "create and add all others, on one thread",
        _ => row.Name,
    };

    private static string Time(double microseconds) => microseconds < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{microseconds:F0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1000:G3} ms");

    private static string Size(long bytes) => bytes switch
    {
        0 => "–",
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:F1} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:F1} MB"),
    };
}
