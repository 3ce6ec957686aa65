using System.Text;
using Parley.EndToEnd.Tests.Searching;

namespace Parley.EndToEnd.Tests;

/// <summary>The search that finds nothing on the server would find something if it were there.</summary>
public sealed class PlaintextSearchTests
{
    private const string Secret = "the peas are heliotrope";

    public static TheoryData<string, byte[]> Planted()
    {
        TheoryData<string, byte[]> data = [];
        data.Add("UTF-8", Encoding.UTF8.GetBytes($"xx{Secret}yy"));
        data.Add("UTF-16", Encoding.Unicode.GetBytes($"xx{Secret}yy"));
        data.Add("UTF-16 at an odd offset", [0, .. Encoding.Unicode.GetBytes(Secret)]);
        data.Add("UTF-16, big endian", Encoding.BigEndianUnicode.GetBytes($"xx{Secret}yy"));
        data.Add("lower-case hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Secret))));
        data.Add("upper-case hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.UTF8.GetBytes(Secret))));
        for (int before = 0; before < 3; before++)
            data.Add($"base64 after {before} bytes", Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('x', before) + Secret + "y"))));
        data.Add("one word alone", Encoding.UTF8.GetBytes("a page ends and heliotrope begins another"));
        return data;
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_text_is_found_in_every_form(string form, byte[] bytes)
    {
        Assert.NotEmpty(PlaintextSearch.Find([Secret], [(form, bytes)]));
        Assert.Empty(PlaintextSearch.Find([Secret], [(form, [.. bytes.Select(b => (byte)(b ^ 1))])]));
    }

    [Fact]
    public void Every_file_below_the_folder_is_searched()
    {
        using TemporaryFolder folder = new();
        string deep = Directory.CreateDirectory(Path.Combine(folder.Path, "a", "b")).FullName;
        File.WriteAllText(Path.Combine(deep, "log.txt"), Secret);
        Assert.NotEmpty(PlaintextSearch.Find([Secret], PlaintextSearch.Files(folder.Path)));
    }
}
