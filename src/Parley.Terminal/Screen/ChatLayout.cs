using Parley.Terminal.Chat;

namespace Parley.Terminal.Screen;

/// <summary>
/// Where each part of the screen stands, computed from the model alone, so that drawing and clicking can never disagree. From top to
/// bottom: a bar, the list beside the timeline, a rule, the composer, a line of words.
/// </summary>
internal sealed record ChatLayout
{
    private const int PromptWidth = 2;
    private const int ComposerRowsMax = 6;
    private const int CandidateRowsMax = 8;

    /// <summary>The smallest screen that is drawn on.</summary>
    public static readonly Cell Smallest = new(24, 8);

    /// <summary>The conversations; empty on a narrow screen.</summary>
    public required Area List { get; init; }

    /// <summary>The index of the first conversation in the list's top row.</summary>
    public required int FirstListed { get; init; }

    /// <summary>The line above the timeline: whose it is.</summary>
    public required Area Title { get; init; }

    /// <summary>The timeline.</summary>
    public required Area Timeline { get; init; }

    /// <summary>The rule above the composer.</summary>
    public required int RuleRow { get; init; }

    /// <summary>The composer's text.</summary>
    public required Area ComposerText { get; init; }

    /// <summary>The first of the composer's rows that is shown.</summary>
    public required int FirstComposerRow { get; init; }

    /// <summary>The composer's text in rows.</summary>
    public required ComposerLines ComposerLines { get; init; }

    /// <summary>The last line.</summary>
    public required int StatusRow { get; init; }

    /// <summary>The completions; empty if there are none.</summary>
    public required Area Completion { get; init; }

    /// <summary>The index of the completion in the first row, so that the chosen one is seen.</summary>
    public int FirstCandidate { get; private init; }

    /// <summary>The layout of a model.</summary>
    public static ChatLayout Of(ChatModel model)
    {
        (int columns, int rows) = (Math.Max(model.Size.Column, Smallest.Column), Math.Max(model.Size.Row, Smallest.Row));
        int listWidth = columns switch { >= 110 => 28, >= 80 => 22, >= 60 => 16, _ => 0 };
        int composerWidth = columns - PromptWidth - 1;
        ComposerLines lines = ComposerLines.Of(model.Composer.Text, model.Composer.Cursor, composerWidth);
        int composerRows = Math.Clamp(lines.Rows.Count, 1, Math.Min(ComposerRowsMax, rows / 3));
        int composerTop = rows - 1 - composerRows;
        int left = listWidth == 0 ? 0 : listWidth + 1;
        int middle = composerTop - 1 - 1;
        int index = model.Open is { } open ? model.Conversations.ToList().FindIndex(conversation => conversation.Id == open.Id) : 0;
        Area completion = CompletionArea(model, columns, composerTop - 1);
        return new ChatLayout
        {
            List = new Area(0, 1, listWidth, middle),
            FirstListed = Math.Max(0, Math.Min(index - (middle / 2), model.Conversations.Length - middle)),
            Title = new Area(left, 1, columns - left, 1),
            Timeline = new Area(left, 2, columns - left, middle - 1),
            RuleRow = composerTop - 1,
            ComposerText = new Area(PromptWidth, composerTop, composerWidth, composerRows),
            FirstComposerRow = Math.Clamp(lines.Cursor.Row - composerRows + 1, 0, Math.Max(0, lines.Rows.Count - composerRows)),
            ComposerLines = lines,
            StatusRow = rows - 1,
            Completion = completion,
            FirstCandidate = Math.Max(0, (model.Completion?.Selected ?? 0) - completion.Inside().Height + 1),
        };
    }

    private static Area CompletionArea(ChatModel model, int columns, int bottom)
    {
        if (model.Completion is not { } completion)
            return default;
        int widest = completion.Candidates.Max(candidate => Text.Cells.Width(candidate.Label) + (candidate.Hint.Length == 0 ? 0 : 2 + Text.Cells.Width(candidate.Hint)));
        int height = Math.Min(Math.Min(completion.Candidates.Length, CandidateRowsMax) + 2, bottom - 1);
        return new Area(0, bottom - height + 1, Math.Min(columns, widest + 4), height);
    }
}
