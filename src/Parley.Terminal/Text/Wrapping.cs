using System.Text;

namespace Parley.Terminal.Text;

/// <summary>Breaks text into lines of cells: at line breaks, then between words, and inside a word only where it is wider than a line.</summary>
internal static class Wrapping
{
    /// <summary>At least one line; none is wider than <paramref name="width"/>. The space at which a line breaks is not drawn.</summary>
    public static IReadOnlyList<string> Wrap(string text, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        var lines = new List<string>();
        foreach (string line in text.Split('\n'))
            WrapLine(line, width, lines);
        return lines;
    }

    private static void WrapLine(string line, int width, List<string> lines)
    {
        var current = new StringBuilder();
        int used = 0;
        foreach (string word in Words(line))
        {
            int wordWidth = Cells.Width(word);
            if (used + wordWidth > width && word != " " && used > 0)
                Flush();
            if (wordWidth <= width - used)
                Add(word, wordWidth);
            else if (word != " ")
                AddLetters(word);
        }

        lines.Add(current.ToString());

        void AddLetters(string word)
        {
            foreach (string letter in Cells.Letters(word))
            {
                int letterWidth = Cells.WidthOfLetter(letter);
                if (used + letterWidth > width)
                    Flush();
                Add(letter, letterWidth);
            }
        }

        void Add(string part, int partWidth)
        {
            current.Append(part);
            used += partWidth;
        }

        void Flush()
        {
            lines.Add(current.ToString().TrimEnd(' '));
            current.Clear();
            used = 0;
        }
    }

    /// <summary>Runs without a space, and each space alone, so that joined they are the line again.</summary>
    private static IEnumerable<string> Words(string line)
    {
        int start = 0;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] != ' ')
                continue;
            if (i > start)
                yield return line[start..i];
            yield return " ";
            start = i + 1;
        }

        if (start < line.Length)
            yield return line[start..];
    }
}
