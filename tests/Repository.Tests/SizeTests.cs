namespace Repository.Tests;

/// <summary>A file is read in one sitting. Methods are measured by the compiler (MA0051), whose setting is checked here.</summary>
public sealed class SizeTests
{
    private const int LinesMax = 600;

    private static readonly Rule FilesAreShort = files => files
        .Where(file => file.Is(".cs", ".proto", ".js", ".css", ".sh", ".ps1"))
        .Where(file => file.Lines.Count > LinesMax)
        .Select(file => file.At(LinesMax, $"has {file.Lines.Count} lines; {LinesMax} is the most"));

    private static readonly Rule MethodsAreMeasured = files => files
        .Where(file => file.Path == ".editorconfig")
        .Where(file => !file.Lines.Contains("dotnet_diagnostic.MA0051.severity = warning") || !file.Lines.Contains("MA0051.maximum_lines_per_method = 70"))
        .Select(file => file.At(0, "must have the compiler refuse methods over 70 lines"));

    [Fact]
    public void No_file_is_too_long_to_read() => FilesAreShort.IsKept();

    [Fact]
    public void A_file_of_601_lines_is_found()
    {
        FilesAreShort.IsKeptBy(new RepositoryFile("src/Long.cs", string.Concat(Enumerable.Repeat("\n", LinesMax - 1)) + "x\n"));
        FilesAreShort.Finds("src/Long.cs:601", new RepositoryFile("src/Long.cs", string.Concat(Enumerable.Repeat("\n", LinesMax)) + "x\n"));
    }

    [Fact]
    public void The_compiler_refuses_long_methods() => MethodsAreMeasured.IsKept();

    [Fact]
    public void Switching_the_measure_off_is_found() =>
        MethodsAreMeasured.Finds(".editorconfig:1", new RepositoryFile(".editorconfig", "dotnet_diagnostic.MA0051.severity = none\n"));
}
