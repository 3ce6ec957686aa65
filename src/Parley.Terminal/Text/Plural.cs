namespace Parley.Terminal.Text;

/// <summary>Counted nouns.</summary>
internal static class Plural
{
    /// <summary>“1,200”.</summary>
    public static string Grouped(long count) => count.ToString("N0", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>“1 member”, “2 members”.</summary>
    public static string Of(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
