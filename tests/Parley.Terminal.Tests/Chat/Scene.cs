using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Chat;
using Parley.Terminal.Screen;

namespace Parley.Terminal.Tests.Chat;

/// <summary>People, conversations and a program to play with: events go in, effects are kept.</summary>
internal sealed class Scene
{
    private static readonly DateTimeOffset Morning = new(2026, 11, 23, 9, 15, 0, TimeSpan.Zero);

    public Scene(int columns, int rows)
    {
        Model = new ChatModel { Size = new Cell(columns, rows) };
        Apply(new ChatEvent.SignedIn(Person("alice"), "chat.example.org"));
        Apply(new ChatEvent.ConnectionChanged(new ConnectionStatus(ConnectionState.Online, "Connected to chat.example.org.")));
    }

    public ChatModel Model { get; private set; }

    public List<ChatEffect> Effects { get; } = [];

    public static Handle Person(string name) => Handle.TryParse(name, out Handle? handle) ? handle : throw new InvalidOperationException(name);

    public static ConversationId Id(byte number)
    {
        byte[] bytes = new byte[16];
        bytes[0] = number;
        return ConversationId.TryParse(bytes, out ConversationId id) ? id : throw new InvalidOperationException();
    }

    public static MemberInfo Member(string handle, string? name = null, bool admin = false, bool verified = false) =>
        new(Person(handle), name ?? handle, admin, handle == "alice", verified);

    public static Conversation Direct(byte id, string peer, int unread = 0, string? name = null, bool verified = false) => new(
        Id(id), ConversationKind.Direct, name ?? peer, [Member("alice"), Member(peer, name, verified: verified)], unread, 100, Morning, "", MembershipState.Active, IsAdmin: false, IsPostQuantum: true);

    public static Conversation Group(byte id, string title, int unread = 0, MembershipState state = MembershipState.Active, params string[] others) => new(
        Id(id), ConversationKind.Group, title, [Member("alice", admin: true), .. others.Select(name => Member(name))], unread, 100, Morning, "", state, IsAdmin: true, IsPostQuantum: true);

    public static TimelineItem Says(long order, string handle, string text, DeliveryState? state = null, int minutes = 0, string? name = null) =>
        Item(order, handle, new TimelineContent.Text(text), state, minutes, name);

    public static TimelineItem Item(long order, string? handle, TimelineContent content, DeliveryState? state = null, int minutes = 0, string? name = null) => new(
        order, null, handle is null ? null : Person(handle), name ?? handle ?? "", Morning.AddMinutes(minutes), content,
        state ?? (handle == "alice" ? DeliveryState.Sent : DeliveryState.Received));

    /// <summary>A direct and two group conversations, the first group open.</summary>
    public Scene WithConversations()
    {
        Apply(new ChatEvent.ConversationsRead([
            Group(1, "climbers", 0, MembershipState.Active, "bob", "carol"),
            Direct(2, "bob", unread: 3),
            Group(3, "Sonntagsfrühstück 🥐", 12, MembershipState.Active, "bob"),
        ]));
        return this;
    }

    public Scene WithTimeline(params TimelineItem[] items)
    {
        if (Model.Open is { } open)
            Apply(new ChatEvent.TimelineRead(open.Id, open.Wanted, [.. items]));
        return this;
    }

    public Scene Apply(ChatEvent happened)
    {
        Step step = ChatUpdate.Apply(Model, happened);
        Model = step.Model;
        Effects.AddRange(step.Effects);
        return this;
    }

    public Scene Press(KeyName name, bool ctrl = false, bool alt = false, bool shift = false) => Apply(new ChatEvent.Pressed(new KeyPress(name, "", ctrl, alt, shift)));

    public Scene Control(char letter) => Apply(new ChatEvent.Pressed(KeyPress.Control(letter)));

    public Scene Type(string text)
    {
        foreach (string letter in Terminal.Text.Cells.Letters(text))
            Apply(new ChatEvent.Pressed(letter == "\n" ? new KeyPress(KeyName.Enter, Alt: true) : KeyPress.Typing(letter)));
        return this;
    }

    public Scene Enter(string text) => Type(text).Press(KeyName.Escape).Press(KeyName.Enter);

    public Canvas Draw() => ChatView.Draw(Model);
}
