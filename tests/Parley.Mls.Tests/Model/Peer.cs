using Parley.Mls.Groups;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <summary>A client with its own place in the log, what it has yet to send, and the application messages on their way to it.</summary>
internal sealed class Peer(Client client)
{
    public Client Client { get; } = client;

    public string Name => Client.Name;

    /// <summary>Whether it has a group that it was not removed from, as far as it knows.</summary>
    public bool IsActive { get; set; }

    /// <summary>The next entry of the log to process.</summary>
    public int Cursor { get; set; }

    /// <summary>The epoch its present membership began with: it has no key of an earlier one.</summary>
    public ulong FirstEpoch { get; set; }

    /// <summary>The same of the last membership that the log has, which it may not know of yet.</summary>
    public ulong NextFirstEpoch { get; set; }

    /// <summary>
    /// Whether it may lose what it has not stored. One whose secrets are watched may not: a key that was used counts as used, though the
    /// client does not know it any more.
    /// </summary>
    public bool CanCrash => Client.Watch is null;

    /// <summary>An external Commit that was made and not yet sent.</summary>
    public Admission? Entrance { get; set; }

    /// <summary>The last epoch in which it asked to leave.</summary>
    public ulong? LeftIn { get; set; }

    /// <summary>Proposals and a Commit that were made, stored and not yet sent.</summary>
    public List<DeliveryService.Entry> Outbox { get; } = [];

    /// <summary>Welcomes that have not been opened, in their order.</summary>
    public Queue<Invitation> Invitations { get; } = new();

    /// <summary>Application messages on their way, in no order.</summary>
    public List<Letter> Letters { get; } = [];

    /// <summary>Application messages it has read.</summary>
    public List<Letter> Read { get; } = [];

    public Group Group => Client.Group;

    public override string ToString() => Name;

    /// <param name="Welcome">The Welcome.</param>
    /// <param name="Tree">The tree, if the Welcome does not carry it.</param>
    /// <param name="Position">The place in the log of the Commit that it belongs to.</param>
    /// <param name="Epoch">The epoch that it leads to.</param>
    internal sealed record Invitation(Welcome Welcome, RatchetTreeExtension? Tree, int Position, ulong Epoch);

    /// <param name="Entry">The external Commit.</param>
    /// <param name="Options">What it was made with.</param>
    internal sealed record Admission(DeliveryService.Entry Entry, ExternalCommitOptions Options);

    /// <param name="Sender">Who wrote it.</param>
    /// <param name="SignatureKey">The key in the sender's leaf when it did.</param>
    /// <param name="Epoch">The epoch it was sealed in.</param>
    /// <param name="Text">What it says.</param>
    /// <param name="Message">The encoded MLSMessage.</param>
    internal sealed record Letter(Peer Sender, ReadOnlyMemory<byte> SignatureKey, ulong Epoch, string Text, byte[] Message);
}
