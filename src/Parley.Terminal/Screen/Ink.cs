namespace Parley.Terminal.Screen;

/// <summary>What a piece of the screen means; the host decides how that looks on its terminal.</summary>
internal enum Ink
{
    /// <summary>Ordinary text.</summary>
    Normal,

    /// <summary>Less important: times, hints, rules.</summary>
    Muted,

    /// <summary>More important: titles, unread conversations.</summary>
    Strong,

    /// <summary>Another person's name.</summary>
    Name,

    /// <summary>One's own name.</summary>
    Own,

    /// <summary>What happened to the conversation.</summary>
    Notice,

    /// <summary>Something needs attention.</summary>
    Alert,

    /// <summary>Good news: sent, online, verified.</summary>
    Good,

    /// <summary>Unread marks.</summary>
    Unread,

    /// <summary>The chosen row of a list.</summary>
    Selected,

    /// <summary>The bar at the top.</summary>
    Bar,
}
