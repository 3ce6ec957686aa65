using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Repository.Tests;

/// <summary>What depends on what is written down in one place each: versions, reasons, and the arrows between the projects.</summary>
public sealed partial class DependencyTests
{
    private const string Versions = "Directory.Packages.props";
    private const string Reasons = "docs/decisions/0003-dependencies.md";
    private const string Arrows = "build/ForbiddenReferences.targets";
    private const string Architecture = "ARCHITECTURE.md";

    private static readonly Rule VersionsStandInOnePlace = files => files
        .Where(file => file.Is(".csproj", ".props", ".targets") && file.Path != Versions)
        .Where(file => XDocument.Parse(file.Text).Descendants().Any(element =>
            element.Name.LocalName is "PackageVersion" || (element.Name.LocalName == "PackageReference" && (element.Attribute("Version") ?? element.Attribute("VersionOverride")) is not null)))
        .Select(file => file.At(0, $"states a package version; those stand in {Versions}"));

    private static readonly Rule EveryPackageHasAReason = files =>
    {
        RepositoryFile[] all = [.. files];
        string reasons = all.Single(file => file.Path == Reasons).Text;
        return Packages(all).Where(package => !reasons.Contains($"`{package}`")).Select(package => $"{Versions} has {package}, and {Reasons} does not say why");
    };

    private static readonly Rule EveryReasonHasAPackage = files =>
    {
        RepositoryFile[] all = [.. files];
        return ReasonRow().Matches(all.Single(file => file.Path == Reasons).Text).Select(match => match.Groups[1].Value)
            .Except(Packages(all)).Select(package => $"{Reasons} gives a reason for {package}, which {Versions} does not have");
    };

    private static readonly Rule ArrowsAreDescribed = files =>
    {
        RepositoryFile[] all = [.. files];
        Dictionary<string, (string Uses, string Never)> described = DescribedArrows(all.Single(file => file.Path == Architecture));
        Dictionary<string, string> forbidden = ForbiddenArrows(all.Single(file => file.Path == Arrows));
        return all.Where(file => file.Is(".csproj") && file.IsIn("src")).SelectMany(project => Differences(project, described, forbidden));
    };

    [Fact]
    public void Versions_stand_in_one_place() => VersionsStandInOnePlace.IsKept();

    [Fact]
    public void A_version_in_a_project_is_found() => VersionsStandInOnePlace.Finds(
        "src/A/A.csproj", new RepositoryFile("src/A/A.csproj", """<Project><ItemGroup><PackageReference Include="X" Version="1.0" /></ItemGroup></Project>"""));

    [Fact]
    public void Every_package_has_a_reason() => EveryPackageHasAReason.IsKept();

    [Fact]
    public void Every_reason_has_a_package() => EveryReasonHasAPackage.IsKept();

    [Fact]
    public void A_package_without_a_reason_and_a_reason_without_a_package_are_found()
    {
        RepositoryFile[] planted =
        [
            new(Versions, """<Project><ItemGroup><PackageVersion Include="New.Package" Version="1.0" /></ItemGroup></Project>"""),
            new(Reasons, "| `Old.Package` | no longer used |\n"),
        ];
        EveryPackageHasAReason.Finds($"{Versions} has New.Package", planted);
        EveryReasonHasAPackage.Finds($"{Reasons} gives a reason for Old.Package", planted);
    }

    [Fact]
    public void The_architecture_page_describes_the_arrows_the_build_enforces() => ArrowsAreDescribed.IsKept();

    [Theory]
    [InlineData("| `A` | x | `B` | `D` |")]
    [InlineData("| `A` | x | `C` | `C` |")]
    [InlineData("| `B` | x | `C` | `D` |")]
    public void An_arrow_that_is_described_otherwise_is_found(string row) => ArrowsAreDescribed.Finds("src/A/A.csproj", PlantedArrows(row));

    [Fact]
    public void Arrows_described_as_they_are_are_no_finding() => ArrowsAreDescribed.IsKeptBy(PlantedArrows("| `A` | x | `C` | `D` |"));

    private static RepositoryFile[] PlantedArrows(string row) =>
    [
        new(Architecture, "# Parts\n" + row + "\n"),
        new(Arrows, """<Project><PropertyGroup><ParleyForbidden Condition="'$(MSBuildProjectName)' == 'A'">D</ParleyForbidden></PropertyGroup></Project>"""),
        new("src/A/A.csproj", """<Project><ItemGroup><ProjectReference Include="../C/C.csproj" /></ItemGroup></Project>"""),
    ];

    private static IEnumerable<string> Packages(IEnumerable<RepositoryFile> files) =>
        XDocument.Parse(files.Single(file => file.Path == Versions).Text).Descendants("PackageVersion").Select(package => package.Attribute("Include")?.Value ?? "");

    private static IEnumerable<string> Differences(RepositoryFile project, Dictionary<string, (string Uses, string Never)> described, Dictionary<string, string> forbidden)
    {
        string name = project.Name[..^".csproj".Length];
        string uses = Join(XDocument.Parse(project.Text).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")?.Value ?? "")));
        if (!described.TryGetValue(name, out (string Uses, string Never) row))
            yield return project.At(0, $"has no row in {Architecture}");
        else if (row.Uses != uses)
            yield return project.At(0, $"uses [{uses}]; {Architecture} says [{row.Uses}]");
        else if (row.Never != forbidden.GetValueOrDefault(name, ""))
            yield return project.At(0, $"is forbidden [{forbidden.GetValueOrDefault(name, "")}] by the build; {Architecture} says [{row.Never}]");
    }

    /// <summary>The rows <c>| `Project` | what it holds | `uses`, … | `never`, … |</c>.</summary>
    private static Dictionary<string, (string Uses, string Never)> DescribedArrows(RepositoryFile page) => ArrowRow().Matches(page.Text)
        .ToDictionary(match => match.Groups[1].Value, match => (Join(Code(match.Groups[2].Value)), Join(Code(match.Groups[3].Value))));

    private static Dictionary<string, string> ForbiddenArrows(RepositoryFile targets) => XDocument.Parse(targets.Text).Descendants("ParleyForbidden")
        .ToDictionary(element => ProjectName().Match(element.Attribute("Condition")?.Value ?? "").Groups[1].Value, element => Join(element.Value.Split(';')));

    private static IEnumerable<string> Code(string cell) => CodeSpan().Matches(cell).Select(match => match.Groups[1].Value);

    private static string Join(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal));

    [GeneratedRegex(@"^\| `([\w.]+)` \|[^|\n]*\|([^|\n]*)\|([^|\n]*)\|\s*$", RegexOptions.Multiline)]
    private static partial Regex ArrowRow();

    [GeneratedRegex(@"^\| `([\w.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex ReasonRow();

    [GeneratedRegex("== '([^']+)'")]
    private static partial Regex ProjectName();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();
}
