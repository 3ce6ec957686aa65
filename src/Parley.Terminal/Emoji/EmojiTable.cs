using System.Collections.Frozen;

namespace Parley.Terminal.Emoji;

/// <summary>One emoji with the names it is written by; the first is the one offered.</summary>
internal sealed record EmojiEntry(string Emoji, IReadOnlyList<string> Names, IReadOnlyList<string> Words)
{
    /// <summary>The name offered, such as <c>wave</c>.</summary>
    public string Name => Names[0];
}

/// <summary>The emoji that can be written by name. The table is a text file in the program, <c>emoji.txt</c>, read once when first needed.</summary>
internal static class EmojiTable
{
    private static readonly Lazy<(IReadOnlyList<EmojiEntry> All, FrozenDictionary<string, EmojiEntry> ByName)> Table = new(Load);

    /// <summary>All entries in the picker's order.</summary>
    public static IReadOnlyList<EmojiEntry> All => Table.Value.All;

    /// <summary>The entry of a name without colons, or null.</summary>
    public static EmojiEntry? Find(string name) => Table.Value.ByName.GetValueOrDefault(name.ToLowerInvariant());

    /// <summary>
    /// Entries that fit what was typed, best first: a name that is the text, then begins with it, then a word that begins with it,
    /// then a name that contains it. Empty text finds all.
    /// </summary>
    public static IEnumerable<EmojiEntry> Search(string text)
    {
        string sought = text.Trim().ToLowerInvariant().Replace(' ', '_');
        return All.Select(entry => (entry, rank: Rank(entry, sought))).Where(found => found.rank < int.MaxValue)
            .OrderBy(found => found.rank).Select(found => found.entry);
    }

    private static int Rank(EmojiEntry entry, string sought)
    {
        if (sought.Length == 0 || entry.Names.Contains(sought, StringComparer.Ordinal))
            return 0;
        if (entry.Names.Any(name => name.StartsWith(sought, StringComparison.Ordinal)))
            return 1;
        if (entry.Words.Any(word => word.StartsWith(sought, StringComparison.Ordinal)))
            return 2;
        return entry.Names.Any(name => name.Contains(sought, StringComparison.Ordinal)) ? 3 : int.MaxValue;
    }

    private static (IReadOnlyList<EmojiEntry>, FrozenDictionary<string, EmojiEntry>) Load()
    {
        using Stream stream = typeof(EmojiTable).Assembly.GetManifestResourceStream("emoji.txt")
            ?? throw new InvalidOperationException("The emoji table is missing from the program.");
        using var reader = new StreamReader(stream);
        var entries = new List<EmojiEntry>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                entries.Add(Parse(line));
        }

        return (entries, entries.SelectMany(entry => entry.Names.Select(name => (name, entry))).ToFrozenDictionary(pair => pair.name, pair => pair.entry));
    }

    private static EmojiEntry Parse(string line)
    {
        string[] halves = line.Split(" = ", 2);
        string[] names = halves[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new EmojiEntry(names[0], names[1..], halves.Length == 2 ? halves[1].Split(' ', StringSplitOptions.RemoveEmptyEntries) : []);
    }
}
