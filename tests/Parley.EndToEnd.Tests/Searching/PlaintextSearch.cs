using System.Text;

namespace Parley.EndToEnd.Tests.Searching;

/// <summary>
/// Looks for what people said in what a server kept, in every form in which a program might keep a text: as UTF-8 and UTF-16, in hexadecimal and in
/// base64, where it may begin at any of three offsets. Long words are looked for by themselves too, because a database may cut a text at the end of a page.
/// </summary>
internal static class PlaintextSearch
{
    private const int WordCharsMin = 8;

    /// <summary>Where and in which form the texts stand; empty if they are nowhere.</summary>
    public static IReadOnlyList<string> Find(IEnumerable<string> texts, IReadOnlyCollection<(string Name, byte[] Bytes)> places)
    {
        List<string> found = [];
        foreach (string needle in texts.SelectMany(Needles).Distinct())
        {
            foreach ((string form, byte[] bytes) in Forms(needle))
                found.AddRange(places.Where(place => place.Bytes.AsSpan().IndexOf(bytes) >= 0).Select(place => $"'{needle}' in {form} in {place.Name}"));
        }

        return found;
    }

    /// <summary>Every file below a folder.</summary>
    public static IReadOnlyCollection<(string Name, byte[] Bytes)> Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => (Path.GetRelativePath(folder, path), ReadShared(path)))];

    /// <summary>The forms of a text, each with its bytes.</summary>
    public static IEnumerable<(string Form, byte[] Bytes)> Forms(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        yield return ("UTF-8", utf8);
        yield return ("UTF-16, little endian", Encoding.Unicode.GetBytes(text));
        yield return ("UTF-16, big endian", Encoding.BigEndianUnicode.GetBytes(text));
        yield return ("lower-case hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(utf8)));
        yield return ("upper-case hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexString(utf8)));
        for (int offset = 0; offset < 3; offset++)
        {
            string base64 = Base64At(offset, utf8);
            yield return ($"base64 at offset {offset}", Encoding.ASCII.GetBytes(base64));
            yield return ($"base64url at offset {offset}", Encoding.ASCII.GetBytes(base64.Replace('+', '-').Replace('/', '_')));
        }
    }

    private static IEnumerable<string> Needles(string text) => text.Split(' ').Where(word => word.Length >= WordCharsMin).Append(text);

    /// <summary>The characters of a base64 text that depend on these bytes alone, if so many bytes of another text stand before them.</summary>
    private static string Base64At(int offset, byte[] bytes)
    {
        string whole = Convert.ToBase64String([.. new byte[offset], .. bytes]);
        int first = ((offset * 8) + 5) / 6;
        int end = (offset + bytes.Length) * 8 / 6;
        return whole[first..end];
    }

    /// <summary>Reads a file that a running server may hold open.</summary>
    private static byte[] ReadShared(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
