using System.Drawing;
using Parley.Terminal.Chat;
using Parley.Terminal.Screen;
using Terminal.Gui.Drivers;
using Terminal.Gui.Input;
using Terminal.Gui.ViewBase;
using Terminal.Gui.Views;

namespace Parley.Terminal.Host;

/// <summary>
/// The one view Terminal.Gui hosts: it shows pictures and hands on keys, clicks and sizes. Rows that look as before are not drawn again,
/// so a key stroke costs a row over a slow line.
/// </summary>
internal sealed class ChatScreen : Runnable
{
    private readonly Action<ChatEvent> _happened;
    private Canvas _picture = new(default);
    private Canvas? _shown;

    /// <summary>A view that tells what happens to it, on the main loop.</summary>
    public ChatScreen(Action<ChatEvent> happened)
    {
        _happened = happened;
        Title = "Parley";
        CanFocus = true;
        Width = Dim.Fill();
        Height = Dim.Fill();
        KeyBindings.Clear();
        MouseBindings.Clear();
    }

    /// <summary>Shows a picture at the next turn of the main loop.</summary>
    public void Show(Canvas picture)
    {
        _picture = picture;
        SetNeedsDraw();
    }

    /// <summary>Draws every row anew, whatever is on the terminal.</summary>
    public void Forget()
    {
        _shown = null;
        SetNeedsDraw();
    }

    /// <inheritdoc/>
    protected override bool OnKeyDown(Key key)
    {
        foreach (KeyPress press in KeyMap.Of(key))
            _happened(new ChatEvent.Pressed(press));
        return true;
    }

    /// <inheritdoc/>
    protected override bool OnMouseEvent(Mouse mouse)
    {
        if (mouse.Position is not { } at)
            return true;
        var cell = new Cell(at.X, at.Y);
        if (mouse.Flags.HasFlag(MouseFlags.LeftButtonClicked))
            _happened(new ChatEvent.Clicked(cell));
        else if (mouse.Flags.HasFlag(MouseFlags.WheeledUp))
            _happened(new ChatEvent.Wheeled(cell, 3));
        else if (mouse.Flags.HasFlag(MouseFlags.WheeledDown))
            _happened(new ChatEvent.Wheeled(cell, -3));
        return true;
    }

    /// <inheritdoc/>
    protected override void OnViewportChanged(DrawEventArgs e)
    {
        base.OnViewportChanged(e);
        _shown = null;
        _happened(new ChatEvent.Resized(new Cell(Viewport.Width, Viewport.Height)));
    }

    /// <inheritdoc/>
    protected override bool OnClearingViewport() => true;

    /// <inheritdoc/>
    protected override bool OnDrawingContent(DrawContext? context)
    {
        int rows = Math.Min(_picture.Size.Row, Viewport.Height);
        for (int row = 0; row < rows; row++)
        {
            if (_shown is not null && _picture.SameRow(_shown, row))
                continue;
            foreach ((int column, string text, Ink ink) in _picture.Runs(row))
            {
                SetAttribute(InkStyles.Of(ink));
                Move(column, row);
                AddStr(text);
            }
        }

        _shown = _picture;
        Cursor = _picture.Cursor is { } cursor
            ? new Cursor { Position = new Point(cursor.Column, cursor.Row), Style = CursorStyle.SteadyBar }
            : new Cursor { Position = null, Style = CursorStyle.Hidden };
        return true;
    }
}
