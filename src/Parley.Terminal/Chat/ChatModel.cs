using System.Collections.Immutable;
using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Screen;

namespace Parley.Terminal.Chat;

/// <summary>
/// Everything the full-screen program knows, as one immutable value. What happens is a <see cref="ChatEvent"/>; <see cref="ChatUpdate"/> turns
/// the model and an event into the next model and the <see cref="ChatEffect"/>s to carry out; <see cref="ChatView"/> turns the model into a
/// picture. None of the three does I/O, so every screen and every key is a test.
/// </summary>
internal sealed record ChatModel
{
    /// <summary>The terminal's size.</summary>
    public required Cell Size { get; init; }

    /// <summary>Where the user's days begin.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The account, null until there is one.</summary>
    public Handle? Self { get; init; }

    /// <summary>The server's name.</summary>
    public string Server { get; init; } = "";

    /// <summary>How things stand with the server.</summary>
    public ConnectionStatus Connection { get; init; } = new(ConnectionState.Offline, "Not connected.");

    /// <summary>How far the handing over of history has got; empty if nothing is under way.</summary>
    public string History { get; init; } = "";

    /// <summary>All conversations, newest activity first.</summary>
    public ImmutableArray<Conversation> Conversations { get; init; } = [];

    /// <summary>The conversation shown, null if none.</summary>
    public OpenConversation? Open { get; init; }

    /// <summary>What is being written.</summary>
    public Composer Composer { get; init; } = Composer.Empty;

    /// <summary>What Tab would complete, null if there is nothing.</summary>
    public Completion? Completion { get; init; }

    /// <summary>What lies over the conversation, null if nothing.</summary>
    public Overlay? Overlay { get; init; }

    /// <summary>The last thing the program had to say, shown until the next key.</summary>
    public Told? Told { get; init; }

    /// <summary>The conversation shown as the list knows it.</summary>
    public Conversation? Current => Open is null ? null : Find(Open.Id);

    /// <summary>A conversation of the list.</summary>
    public Conversation? Find(ConversationId id) => Conversations.FirstOrDefault(conversation => conversation.Id == id);

    /// <summary>The model with a sentence for the user.</summary>
    public ChatModel Tell(string sentence, bool isError = false) => this with { Told = new Told(sentence, isError) };
}

/// <summary>A sentence for the user.</summary>
internal sealed record Told(string Sentence, bool IsError);

/// <summary>The conversation on the screen.</summary>
internal sealed record OpenConversation(ConversationId Id)
{
    /// <summary>The items loaded so far, in order.</summary>
    public ImmutableArray<TimelineItem> Items { get; init; } = [];

    /// <summary>How many items are asked for; grows as the user scrolls back.</summary>
    public int Wanted { get; init; } = Page;

    /// <summary>Lines the user has scrolled up from the end; 0 follows the end.</summary>
    public int ScrolledUp { get; init; }

    /// <summary>How many messages were unread when it was opened: that many from the end stands the unread line.</summary>
    public int UnreadAtOpening { get; init; }

    /// <summary>The order of the first unread item, null if all was read.</summary>
    public long? FirstUnread { get; init; }

    /// <summary>Items up to this order are not shown (<c>/clear</c>).</summary>
    public long ClearedUpTo { get; init; }

    /// <summary>Whether the first item there is has been loaded.</summary>
    public bool HasStart { get; init; }

    /// <summary>Items read at a time.</summary>
    public const int Page = 200;
}

/// <summary>What lies over the conversation and takes the keys.</summary>
internal abstract record Overlay
{
    private Overlay()
    {
    }

    /// <summary>Lines to read, such as help and members.</summary>
    public sealed record Page(string Title, ImmutableArray<string> Lines, int Top = 0) : Overlay;

    /// <summary>A question answered by y or n, with what a yes does.</summary>
    public sealed record Question(string Title, ImmutableArray<string> Lines, ChatEffect OnYes) : Overlay;

    /// <summary>The emoji to choose from, with what was typed to find one.</summary>
    public sealed record EmojiPicker(string Sought = "", int Selected = 0) : Overlay;

    /// <summary>The first-run form. <paramref name="OnName"/> tells which field the cursor is in.</summary>
    public sealed record SignUp(string Link = "", string Name = "", bool OnName = false, bool Busy = false, string Problem = "") : Overlay;
}
