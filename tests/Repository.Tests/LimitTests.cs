using System.Text.Json;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>The operator's page has a row for each limit, with the number that is in the code.</summary>
public sealed partial class LimitTests
{
    private const string Settings = "src/Parley.Server/Limiting/ServerLimits.cs";
    private const string Protocol = "src/Parley.Contracts/Limits.cs";
    private const string Page = "docs/operating.md";

    // Not limits: a version, and lengths that are what they are.
    private static readonly string[] Unlimited = ["ProtocolVersion", "MessageIdBytes", "MessageIdTimeBytes", "DeviceIdBytes", "ChallengeBytes", "RecoveryKeyBytes"];

    private static readonly Rule SettingsAreDescribed = files =>
    {
        RepositoryFile[] all = [.. files];
        Dictionary<string, string> set = Setting().Matches(all.Single(file => file.Path == Settings).Text)
            .ToDictionary(match => "PARLEY_" + JsonNamingPolicy.SnakeCaseUpper.ConvertName(match.Groups[1].Value), match => match.Groups[2].Value.Replace("_", "", StringComparison.Ordinal));
        Dictionary<string, string> described = SettingRow().Matches(all.Single(file => file.Path == Page).Text)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value.Replace(",", "", StringComparison.Ordinal));
        return set.Except(described).Select(limit => $"{Page} has no row that says that {limit.Key} is {limit.Value}")
            .Concat(described.Keys.Except(set.Keys).Select(name => $"{Page} has a row for {name}, which {Settings} does not have"));
    };

    private static readonly Rule ProtocolIsDescribed = files =>
    {
        RepositoryFile[] all = [.. files];
        string[] made = [.. Constant().Matches(all.Single(file => file.Path == Protocol).Text).Select(match => match.Groups[1].Value)];
        string[] described = [.. ConstantRow().Matches(all.Single(file => file.Path == Page).Text).Select(match => match.Groups[1].Value)];
        return made.Except(described).Except(Unlimited).Select(name => $"{Page} has no row for {name}")
            .Concat(described.Except(made).Select(name => $"{Page} has a row for {name}, which {Protocol} does not have"));
    };

    [Fact]
    public void Every_setting_is_described_with_its_default() => SettingsAreDescribed.IsKept();

    [Fact]
    public void Every_limit_of_the_protocol_is_described() => ProtocolIsDescribed.IsKept();

    [Fact]
    public void A_setting_without_a_row_or_with_another_number_is_found()
    {
        var settings = new RepositoryFile(Settings, "public int GroupsPerHour { get; init; } = 1_500;");
        SettingsAreDescribed.Finds($"{Page} has no row that says that PARLEY_GROUPS_PER_HOUR is 1500", settings, new RepositoryFile(Page, ""));
        SettingsAreDescribed.Finds($"{Page} has no row that says that PARLEY_GROUPS_PER_HOUR is 1500", settings, new RepositoryFile(Page, "| `PARLEY_GROUPS_PER_HOUR` | 500 | account |"));
        SettingsAreDescribed.IsKeptBy(settings, new RepositoryFile(Page, "| `PARLEY_GROUPS_PER_HOUR` | 1,500 | account |"));
    }

    [Fact]
    public void A_limit_of_the_protocol_without_a_row_is_found() => ProtocolIsDescribed.Finds(
        $"{Page} has no row for MessageBytesMax", new RepositoryFile(Protocol, "public const int MessageBytesMax = 256 * 1024;"), new RepositoryFile(Page, ""));

    [GeneratedRegex(@"public int (\w+) \{ get; init; \} = ([\d_]+);")]
    private static partial Regex Setting();

    [GeneratedRegex(@"^\| `(PARLEY_\w+)` \| ([\d,]+) \|", RegexOptions.Multiline)]
    private static partial Regex SettingRow();

    [GeneratedRegex(@"public const u?int (\w+) =")]
    private static partial Regex Constant();

    [GeneratedRegex(@"^\| `([A-Z]\w+(?:Max|Min))` \|", RegexOptions.Multiline)]
    private static partial Regex ConstantRow();
}
