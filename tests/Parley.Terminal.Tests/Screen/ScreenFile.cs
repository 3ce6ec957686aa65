using System.Runtime.CompilerServices;
using Parley.Terminal.Screen;

namespace Parley.Terminal.Tests.Screen;

/// <summary>
/// Compares a picture with the text file of the test's name in <c>Screens</c>. With <c>PARLEY_UPDATE_SCREENS=1</c> the file is written
/// instead, to be looked at before it is committed.
/// </summary>
internal static class ScreenFile
{
    public static void Matches(Canvas picture, [CallerMemberName] string name = "", [CallerFilePath] string source = "")
    {
        string cursor = picture.Cursor is { } at ? $"cursor at column {at.Column}, row {at.Row}" : "no cursor";
        string drawn = $"{picture}{new string('=', 20)} {picture.Size.Column}x{picture.Size.Row}, {cursor}\n";
        if (Environment.GetEnvironmentVariable("PARLEY_UPDATE_SCREENS") == "1")
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(source) ?? "", "..", "Screens", name + ".txt"), drawn);
        else
            Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Screens", name + ".txt")).ReplaceLineEndings("\n"), drawn);
    }
}
