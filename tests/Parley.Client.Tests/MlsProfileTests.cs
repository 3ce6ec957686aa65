using System.Globalization;
using Parley.Contracts;

namespace Parley.Client.Tests;

public sealed class MlsProfileTests
{
    [Fact]
    public void The_page_says_what_the_code_does()
    {
        var expected = new Dictionary<string, double>
        {
            ["Suite"] = (double)(ushort)MlsProfile.Suite,
            ["FallbackSuite"] = (double)(ushort)MlsProfile.FallbackSuite,
            ["KeyPackageStock"] = MlsProfile.KeyPackageStock,
            ["KeyPackageStockLow"] = MlsProfile.KeyPackageStockLow,
            ["KeyPackageLifetime"] = MlsProfile.KeyPackageLifetime.TotalDays,
            ["KeyPackageRenewal"] = MlsProfile.KeyPackageRenewal.TotalDays,
            ["KeyPackageClockSkew"] = MlsProfile.KeyPackageClockSkew.TotalHours,
            ["PastEpochsMax"] = Limits.PastEpochsMax,
            ["ForwardGenerationsMax"] = MlsProfile.ForwardGenerationsMax,
            ["SkippedKeysMax"] = MlsProfile.SkippedKeysMax,
            ["LeafUpdateInterval"] = MlsProfile.LeafUpdateInterval.TotalDays,
            ["JoinedLeafUpdateInterval"] = MlsProfile.JoinedLeafUpdateInterval.TotalDays,
            ["LeafUpdateSpacing"] = MlsProfile.LeafUpdateSpacing.TotalMinutes,
            ["LateLeafUpdateSpacing"] = MlsProfile.LateLeafUpdateSpacing.TotalSeconds,
            ["KeyPackageCheck"] = MlsProfile.KeyPackageCheck.TotalDays,
            ["CommitRankDelay"] = MlsProfile.CommitRankDelay.TotalSeconds,
            ["CommitRankDelayMax"] = MlsProfile.CommitRankDelayMax.TotalSeconds,
        };
        var written = new Dictionary<string, double>();
        foreach (string line in File.ReadLines(Path.Combine(Root(), "docs", "mls-profile.md")).Where(static line => line.StartsWith('|')))
        {
            string[] cells = line.Split('|', StringSplitOptions.TrimEntries);
            if (cells[3].StartsWith('`'))
                written.Add(cells[3].Trim('`'), Number(cells[2]));
        }

        Assert.Equal(expected.OrderBy(static row => row.Key, StringComparer.Ordinal), written.OrderBy(static row => row.Key, StringComparer.Ordinal));
    }

    private static double Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ushort.Parse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
        : double.Parse(text, CultureInfo.InvariantCulture);

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Parley.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("Not in a checkout.");
    }
}
