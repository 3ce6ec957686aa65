using System.Text;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>Every relative link in a document leads to a file of this repository, and every anchor to a heading in it.</summary>
public sealed partial class LinkTests
{
    private static readonly Rule LinksResolve = files =>
    {
        RepositoryFile[] all = [.. files];
        return all.Where(file => file.Is(".md")).SelectMany(file => BrokenLinks(file, all));
    };

    [Fact]
    public void Every_link_leads_somewhere() => LinksResolve.IsKept();

    [Theory]
    [InlineData("[x](missing.md)")]
    [InlineData("[x](../README.md#no-such-heading)")]
    [InlineData("[x](#no-such-heading)")]
    [InlineData("![x](missing.png)")]
    [InlineData("[x]: missing.md")]
    public void A_link_that_leads_nowhere_is_found(string link) =>
        LinksResolve.Finds("docs/page.md:3", new RepositoryFile("README.md", "# Parley\n"), new RepositoryFile("docs/page.md", $"# Page\n\n{link}\n"));

    [Theory]
    [InlineData("[x](../README.md)")]
    [InlineData("[x](../README.md#what-it-is-and-isnt)")]
    [InlineData("[x](#page)")]
    [InlineData("[x](../docs)")]
    [InlineData("[x](https://example.org/missing.md)")]
    [InlineData("`[x](missing.md)`")]
    public void A_link_that_leads_somewhere_is_no_finding(string link) =>
        LinksResolve.IsKeptBy(new RepositoryFile("README.md", "# Parley\n## What it *is*, and isn't\n"), new RepositoryFile("docs/page.md", $"# Page\n\n{link}\n```\n[x](missing.md)\n```\n"));

    private static IEnumerable<string> BrokenLinks(RepositoryFile file, RepositoryFile[] all)
    {
        bool fenced = false;
        for (int i = 0; i < file.Lines.Count; i++)
        {
            if (file.Lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal))
                fenced = !fenced;
            if (fenced)
                continue;
            foreach (Match link in Link().Matches(CodeSpan().Replace(file.Lines[i], "")))
            {
                string target = link.Groups["target"].Value;
                if (!Scheme().IsMatch(target) && !Leads(file, target, all))
                    yield return file.At(i, $"links to {target}, which is not there");
            }
        }
    }

    private static bool Leads(RepositoryFile from, string target, RepositoryFile[] all)
    {
        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? from.Path : Resolve(from.Folder, parts[0]);
        RepositoryFile? file = all.FirstOrDefault(candidate => candidate.Path == path);
        if (parts.Length == 1)
            return file is not null || all.Any(candidate => candidate.IsIn(path));
        return file is not null && Anchors(file).Contains(parts[1]);
    }

    private static string Resolve(string folder, string target)
    {
        List<string> steps = [.. folder.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (string step in target.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (step == ".." && steps.Count > 0)
                steps.RemoveAt(steps.Count - 1);
            else if (step != ".")
                steps.Add(step);
        }

        return string.Join('/', steps);
    }

    /// <summary>Headings as the common Markdown hosts turn them into anchors: lower case, punctuation dropped, spaces as hyphens.</summary>
    private static IEnumerable<string> Anchors(RepositoryFile file)
    {
        foreach (string line in file.Lines.Where(line => line.StartsWith('#')))
        {
            StringBuilder anchor = new();
            foreach (char c in line.TrimStart('#').Trim().ToLowerInvariant())
            {
                if (char.IsLetterOrDigit(c) || c is '-' or '_')
                    anchor.Append(c);
                else if (c == ' ')
                    anchor.Append('-');
            }

            yield return anchor.ToString();
        }
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)[^)]*\)|^\[[^\]]+\]:\s*(?<target>\S+)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("^[a-z][a-z0-9+.-]*:", RegexOptions.IgnoreCase)]
    private static partial Regex Scheme();
}
