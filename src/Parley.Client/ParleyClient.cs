using Parley.Contracts.Identity;

namespace Parley.Client;

/// <summary>
/// One device of one account: what a program with a user in front of it, or a bot, uses. Every method may be called from any thread;
/// one loop of the client's own does the work. What a call needs the server for is async and takes a token; cancelling stops the waiting,
/// not what has been stored.
/// </summary>
public sealed class ParleyClient : IAsyncDisposable
{
    private ParleyClient()
    {
    }

    /// <summary>Raised from the client's own loop after each change; a handler must not block and must not throw.</summary>
#pragma warning disable MA0046 // Not the (sender, args) shape: the sender is known, and the event says all there is.
    public event Action<ClientEvent>? Changed;
#pragma warning restore MA0046

    /// <summary>The account's handle.</summary>
    public Handle Self => throw new NotSupportedException();

    /// <summary>The server's name.</summary>
    public string Server => throw new NotSupportedException();

    /// <summary>This device.</summary>
    public DeviceId Device => throw new NotSupportedException();

    /// <summary>How things stand with the server.</summary>
    public ConnectionStatus Connection => throw new NotSupportedException();

    /// <summary>All conversations, newest activity first.</summary>
    public IReadOnlyList<Conversation> Conversations => throw new NotSupportedException();

    /// <summary>
    /// Makes an account by invite: account key, device key, certificate, KeyPackages. If it breaks off, calling it again continues with the
    /// same keys. The store must hold no account.
    /// </summary>
    public static Task<ClientResult<ParleyClient>> SignUpAsync(ClientOptions options, InviteLink invite, Handle handle, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Opens the account in the store, without a connection.</summary>
    public static Task<ClientResult<ParleyClient>> OpenAsync(ClientOptions options, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Connects, and keeps connected: catches up, sends what is queued, reconnects with backoff. Calling it again does nothing.</summary>
    public void Start() => throw new NotSupportedException();

    /// <summary>Returns when all logs have been processed up to the heads seen on subscribing. Needs <see cref="Start"/>.</summary>
    public Task<ClientResult> CatchUpAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Returns when nothing is queued: everything sent so far is durable on the server. Needs <see cref="Start"/>.</summary>
    public Task<ClientResult> FlushAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>The last items before an order, in ascending order.</summary>
    /// <param name="conversation">Which conversation; an unknown one has no items.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="before">Only items of a lower order.</param>
    public IReadOnlyList<TimelineItem> ReadTimeline(ConversationId conversation, int count, long before = long.MaxValue) => throw new NotSupportedException();

    /// <summary>The direct conversation with a person, made if there is none.</summary>
    public Task<ClientResult<ConversationId>> OpenDirectAsync(Handle peer, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Makes a group, oneself its administrator.</summary>
    public Task<ClientResult<ConversationId>> CreateGroupAsync(string name, IReadOnlyList<Handle> members, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Queues a message. On return it is durable in the outbox, encrypted; the loop sends it.</summary>
    public ClientResult<MessageId> Send(ConversationId conversation, OutgoingMessage message) => throw new NotSupportedException();

    /// <summary>Adds a person with all their devices to a group.</summary>
    public Task<ClientResult> AddMemberAsync(ConversationId conversation, Handle member, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Removes a person with all their devices from a group.</summary>
    public Task<ClientResult> RemoveMemberAsync(ConversationId conversation, Handle member, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Leaves a conversation.</summary>
    public Task<ClientResult> LeaveAsync(ConversationId conversation, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Renames a group.</summary>
    public Task<ClientResult> RenameAsync(ConversationId conversation, string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Sets the name one goes by; told to members inside encrypted messages.</summary>
    public ClientResult SetNickname(string name) => throw new NotSupportedException();

    /// <summary>Marks a conversation's items as read up to an order. Stays on this device.</summary>
    public void MarkRead(ConversationId conversation, long upToOrder) => throw new NotSupportedException();

    /// <summary>The safety number with a person one shares a conversation with, and whether it was confirmed.</summary>
    public ClientResult<Verification> GetVerification(Handle peer) => throw new NotSupportedException();

    /// <summary>Notes that one has compared the safety number with the person, or takes it back. Confirming accepts a changed key.</summary>
    public ClientResult ConfirmVerification(Handle peer, bool verified) => throw new NotSupportedException();

    /// <summary>Makes an invite link to the server.</summary>
    /// <param name="uses">How many accounts may be made with it.</param>
    /// <param name="valid">For how long, to the hour.</param>
    /// <param name="cancellationToken">Stops the waiting; the invite may have been made.</param>
    public Task<ClientResult<string>> CreateInviteAsync(int uses, TimeSpan valid, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Stops the loop and waits for it. What is queued stays stored.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();

    private void Raise(ClientEvent change) => Changed?.Invoke(change);
}
