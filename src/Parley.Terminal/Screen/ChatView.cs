using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Chat;
using Parley.Terminal.Text;

namespace Parley.Terminal.Screen;

/// <summary>Draws a model. Pure: the same model is always the same picture.</summary>
internal static class ChatView
{
    /// <summary>The picture of a model.</summary>
    public static Canvas Draw(ChatModel model)
    {
        var canvas = new Canvas(model.Size);
        if (model.Size.Column < ChatLayout.Smallest.Column || model.Size.Row < ChatLayout.Smallest.Row)
        {
            canvas.Put(0, 0, "Please make the window larger.", Ink.Alert);
            return canvas;
        }

        ChatLayout layout = ChatLayout.Of(model);
        DrawBar(canvas, model);
        DrawList(canvas, model, layout);
        DrawTitle(canvas, model, layout);
        DrawTimeline(canvas, model, layout);
        DrawComposer(canvas, model, layout);
        DrawStatus(canvas, model, layout);
        if (model.Completion is { } completion)
            DrawCompletion(canvas, completion, layout);
        if (model.Overlay is { } overlay)
            OverlayView.Draw(canvas, overlay);
        return canvas;
    }

    private static void DrawBar(Canvas canvas, ChatModel model)
    {
        canvas.Fill(new Area(0, 0, model.Size.Column, 1), Ink.Bar);
        string left = model.Self is null ? " Parley" : $" Parley  {model.Self} on {SafeText.Line(model.Server)}";
        int unread = model.Conversations.Where(conversation => conversation.Id != model.Open?.Id && !conversation.IsMuted).Sum(conversation => conversation.Unread);
        string right = (unread > 0 ? $"{unread} unread{(model.Size.Column >= 72 ? " elsewhere" : "")}  " : "") + Word(model.Connection.State) + " ";
        int rightColumn = model.Size.Column - Cells.Width(right);
        canvas.Put(0, 0, Cells.Cut(left, rightColumn - 1), Ink.Bar);
        canvas.Put(rightColumn, 0, right, Ink.Bar);
    }

    private static string Word(ConnectionState state) => state switch
    {
        ConnectionState.Offline => "○ offline",
        ConnectionState.Connecting => "◌ connecting",
        ConnectionState.CatchingUp => "◐ catching up",
        ConnectionState.Online => "● online",
        _ => throw new InvalidOperationException(),
    };

    private static void DrawList(Canvas canvas, ChatModel model, ChatLayout layout)
    {
        Area area = layout.List;
        if (area.Width == 0)
            return;
        for (int row = 0; row < area.Height; row++)
        {
            canvas.Put(area.Right, area.Top + row, "│", Ink.Muted);
            int index = layout.FirstListed + row;
            if (index >= model.Conversations.Length)
                continue;
            Conversation conversation = model.Conversations[index];
            bool open = conversation.Id == model.Open?.Id;
            string count = conversation.Unread > 0 ? (conversation.Unread > 999 ? "999+" : conversation.Unread.ToString()) : conversation.State == MembershipState.Active ? "" : "left";
            int nameWidth = area.Width - 2 - (count.Length == 0 ? 0 : count.Length + 1);
            string line = " " + Cells.Fit(ConversationAddress.Of(conversation), nameWidth) + (count.Length == 0 ? "" : " " + count) + " ";
            Ink ink = open ? Ink.Selected : conversation is { Unread: > 0, IsMuted: false } ? Ink.Strong : conversation.State == MembershipState.Active ? Ink.Normal : Ink.Muted;
            canvas.Put(area.Left, area.Top + row, Cells.Fit(line, area.Width), ink);
            if (conversation is { Unread: > 0, IsMuted: false } && !open)
                canvas.Put(area.Right - 1 - count.Length, area.Top + row, count, Ink.Unread);
        }
    }

    private static void DrawTitle(Canvas canvas, ChatModel model, ChatLayout layout)
    {
        if (model.Current is not { } conversation)
            return;
        string address = ConversationAddress.Of(conversation);
        string about = conversation.State switch
        {
            MembershipState.Left => "you have left",
            MembershipState.Removed => "you were removed",
            _ when conversation.Kind == ConversationKind.Group => Plural.Of(conversation.Members.Count, "member"),
            _ => AboutPeer(conversation),
        };
        int column = canvas.Put(layout.Title.Left + 1, layout.Title.Top, Cells.Cut(address, layout.Title.Width - 2), Ink.Strong, layout.Title.Width - 1);
        canvas.Put(column, layout.Title.Top, Cells.Cut("  " + about, layout.Title.Right - column - 1), Ink.Muted);
    }

    private static string AboutPeer(Conversation conversation)
    {
        MemberInfo? peer = conversation.Members.FirstOrDefault(member => !member.IsSelf);
        if (peer is null)
            return "";
        string name = SafeText.Line(peer.DisplayName);
        return (name == peer.Handle.Value ? "" : name + " · ") + (peer.IsVerified ? "verified" : "not verified");
    }

    private static void DrawTimeline(Canvas canvas, ChatModel model, ChatLayout layout)
    {
        Area area = layout.Timeline;
        if (model.Open is not { } open)
        {
            canvas.Put(area.Left + 1, area.Top + 1, "No conversation yet.", Ink.Strong, area.Width - 2);
            canvas.Put(area.Left + 1, area.Top + 3, "/msg @name      talks to someone", Ink.Muted, area.Width - 2);
            canvas.Put(area.Left + 1, area.Top + 4, "/create NAME    makes a group", Ink.Muted, area.Width - 2);
            canvas.Put(area.Left + 1, area.Top + 5, "/invite         makes a link for a friend", Ink.Muted, area.Width - 2);
            return;
        }

        int row = area.Bottom - 1;
        foreach (TimelineLine line in TimelineLines.Of(model, area.Width).Skip(open.ScrolledUp).Take(area.Height))
            DrawLine(canvas, line, area, row--);
        if (open.ScrolledUp > 0)
        {
            string below = $" ▼ {Plural.Of(open.ScrolledUp, "line")} below · Esc ";
            canvas.Put(area.Right - Cells.Width(below) - 1, area.Bottom - 1, below, Ink.Selected);
        }
    }

    private static void DrawLine(Canvas canvas, TimelineLine line, Area area, int row)
    {
        if (line.IsRule)
        {
            string words = $" {line.Text} ";
            canvas.Put(area.Left + 1, row, new string('─', area.Width - 2), line.TextInk);
            canvas.Put(area.Left + ((area.Width - Cells.Width(words)) / 2), row, words, line.TextInk);
            return;
        }

        int nameWidth = TimelineLines.NameWidth(area.Width);
        int textColumn = area.Left + TimelineLines.TextColumn(area.Width);
        string name = Cells.Cut(line.Name, nameWidth - 1);
        canvas.Put(area.Left, row, line.Time, Ink.Muted);
        canvas.Put(textColumn - 1 - Cells.Width(name), row, name, line.NameInk);
        canvas.Put(textColumn, row, line.Text, line.TextInk, area.Right - textColumn);
        canvas.Put(area.Right - 2, row, line.Mark, line.MarkInk);
    }

    private static void DrawComposer(Canvas canvas, ChatModel model, ChatLayout layout)
    {
        canvas.Put(0, layout.RuleRow, new string('─', model.Size.Column), Ink.Muted);
        if (layout.List.Width > 0)
            canvas.Put(layout.List.Right, layout.RuleRow, "┴", Ink.Muted);
        Area area = layout.ComposerText;
        canvas.Put(0, area.Top, "›", Ink.Own);
        for (int row = 0; row < area.Height; row++)
        {
            int index = layout.FirstComposerRow + row;
            if (index < layout.ComposerLines.Rows.Count)
                canvas.Put(area.Left, area.Top + row, SafeText.Line(layout.ComposerLines.Rows[index]), Ink.Normal, area.Width);
        }

        if (model.Composer.Text.Length == 0 && model.Current is { } conversation)
        {
            string hint = conversation.State == MembershipState.Active ? $"Write to {ConversationAddress.Of(conversation)}" : "You can read here, but no longer write.";
            canvas.Put(area.Left, area.Top, Cells.Cut(hint, area.Width), Ink.Muted);
        }

        Cell cursor = layout.ComposerLines.Cursor;
        canvas.Cursor = new Cell(area.Left + cursor.Column, area.Top + cursor.Row - layout.FirstComposerRow);
    }

    private static void DrawStatus(Canvas canvas, ChatModel model, ChatLayout layout)
    {
        const string Hint = "F1 help  F2 emoji ";
        int width = model.Size.Column - 1;
        if (model.Told is { } told)
        {
            canvas.Put(1, layout.StatusRow, Cells.Cut(SafeText.Line(told.Sentence), width), told.IsError ? Ink.Alert : Ink.Notice);
            return;
        }

        string sentence = SafeText.Line(model.History.Length == 0 ? model.Connection.Sentence : $"{model.Connection.Sentence} {model.History}");
        bool room = width >= Hint.Length + Cells.Width(sentence) + 2;
        canvas.Put(1, layout.StatusRow, Cells.Cut(sentence, width), model.Connection.State == ConnectionState.Online ? Ink.Muted : Ink.Notice);
        if (room)
            canvas.Put(model.Size.Column - Hint.Length, layout.StatusRow, Hint, Ink.Muted);
    }

    private static void DrawCompletion(Canvas canvas, Completion completion, ChatLayout layout)
    {
        Area area = layout.Completion;
        canvas.Box(area, "", completion.Candidates.Length > area.Inside().Height ? $"Tab · {completion.Selected + 1}/{completion.Candidates.Length}" : "Tab");
        Area inside = area.Inside();
        int first = layout.FirstCandidate;
        for (int row = 0; row < inside.Height && first + row < completion.Candidates.Length; row++)
        {
            Candidate candidate = completion.Candidates[first + row];
            bool selected = first + row == completion.Selected;
            string label = Cells.Fit(" " + candidate.Label, inside.Width);
            int column = canvas.Put(inside.Left, inside.Top + row, label, selected ? Ink.Selected : Ink.Normal, inside.Width);
            int hintColumn = inside.Left + Cells.Width(candidate.Label) + 3;
            if (candidate.Hint.Length > 0 && hintColumn < column)
                canvas.Put(hintColumn, inside.Top + row, Cells.Cut(candidate.Hint, inside.Right - hintColumn), selected ? Ink.Selected : Ink.Muted);
        }
    }
}
