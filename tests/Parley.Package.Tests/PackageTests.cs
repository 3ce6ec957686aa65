using System.IO.Compression;
using System.Xml.Linq;

namespace Parley.Package.Tests;

/// <summary>The packages as they are: packed, looked into, and used by a sample that is published trimmed and compiled ahead of time.</summary>
public sealed class PackageTests : IClassFixture<PackageTests.Packed>
{
    private const string Sample = "samples/TwoMembers";

    [Fact]
    public void The_sample_runs_on_the_packages_published_trimmed_without_a_warning() =>
        AssertRuns("trimmed", "--self-contained", "-p:PublishTrimmed=true", "-p:TrimMode=full");

    [Fact]
    public void The_sample_runs_on_the_packages_compiled_ahead_of_time_without_a_warning()
    {
        // .NET takes clang, and has to be told of gcc. On Windows it wants Visual Studio's linker, which is no program to be installed by a test.
        string? linker = OperatingSystem.IsWindows() ? null : new[] { "clang", "gcc" }.FirstOrDefault(Checkout.HasProgram);
        Assert.SkipWhen(linker is null, "No clang and no gcc, one of which is needed to link what is compiled ahead of time.");
        AssertRuns("ahead-of-time", "-p:PublishAot=true", $"-p:CppCompilerAndLinker={linker}");
    }

    [Fact]
    public void The_README_shows_the_sample()
    {
        string sample = File.ReadAllText(Path.Combine(Checkout.Root, Sample, "Program.cs")).ReplaceLineEndings("\n");
        string readme = File.ReadAllText(Path.Combine(Checkout.Root, "src", "Parley.Mls", "README.md")).ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{sample}```\n", readme, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_has_documentation_licence_README_and_symbols(string name)
    {
        using ZipArchive package = Open(name, "nupkg");
        using ZipArchive symbols = Open(name, "snupkg");
        string[] entries = [.. package.Entries.Select(static entry => entry.FullName)];
        Assert.Contains($"lib/net10.0/{name}.dll", entries);
        Assert.Contains($"lib/net10.0/{name}.xml", entries);
        Assert.Contains("README.md", entries);
        Assert.Contains(symbols.Entries, entry => entry.FullName == $"lib/net10.0/{name}.pdb");
        using Stream stream = package.GetEntry(name + ".nuspec")!.Open(); // Every package has one.
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single(static element => element.Name.LocalName == "metadata");
        Assert.Equal("Apache-2.0", Metadata(metadata, "license"));
        Assert.Equal("README.md", Metadata(metadata, "readme"));
        Assert.False(string.IsNullOrWhiteSpace(Metadata(metadata, "description")));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_names_no_folder_of_the_machine_that_built_it(string name)
    {
        using ZipArchive package = Open(name, "nupkg");
        using ZipArchive symbols = Open(name, "snupkg");
        foreach (ZipArchiveEntry entry in package.Entries.Concat(symbols.Entries))
        {
            using Stream stream = entry.Open();
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            Assert.True(copy.GetBuffer().AsSpan(0, (int)copy.Length).IndexOf(System.Text.Encoding.UTF8.GetBytes(Checkout.Root)) < 0, entry.FullName);
        }
    }

    public static TheoryData<string> Packages => [.. Checkout.Packages];

    /// <summary>A warning of the publishing is an error, as it is in every build here.</summary>
    private static void AssertRuns(string folder, params string[] options)
    {
        string output = Path.Combine(Checkout.Root, "artifacts", "samples", folder);
        Checkout.Dotnet(["publish", Sample, "-c", "Release", "-o", output, "-v", "quiet", "--nologo", .. options]);
        string printed = Checkout.Run(Path.Combine(output, OperatingSystem.IsWindows() ? "TwoMembers.exe" : "TwoMembers"));
        Assert.Equal("The peas are up.\nepoch 2, agreed: True\n", printed.ReplaceLineEndings("\n"));
    }

    private static ZipArchive Open(string name, string extension) =>
        ZipFile.OpenRead(Directory.EnumerateFiles(Checkout.PackageFolder, $"{name}.0.*.{extension}").Single());

    private static string? Metadata(XElement metadata, string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;

    /// <summary>Packs what was built for these tests.</summary>
    public sealed class Packed
    {
        public Packed()
        {
            if (Directory.Exists(Checkout.PackageFolder))
                Directory.Delete(Checkout.PackageFolder, recursive: true);
            foreach (string name in Checkout.Packages)
            {
                Checkout.Dotnet("pack", $"src/{name}", "-c", "Release", "--no-build", "-v", "quiet", "--nologo");

                // What the sample used last time is not what has been packed now.
                string unpacked = Path.Combine(Checkout.Root, "artifacts", "samples", "packages", name.ToLowerInvariant());
                if (Directory.Exists(unpacked))
                    Directory.Delete(unpacked, recursive: true);
            }
        }
    }
}
