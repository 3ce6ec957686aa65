using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Components;

/// <summary>A component whose update is its whole new data, and which every member may change or remove. The last update of a Commit counts.</summary>
public sealed class ReplacedData : IAppComponent
{
    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Update(ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentProposal> updates)
    {
        ArgumentNullException.ThrowIfNull(updates);
        return updates.All(static update => update.Sender is Sender.Member) ? updates[^1].Data : (ReadOnlyMemory<byte>?)null;
    }

    /// <inheritdoc/>
    public bool MayRemove(ReadOnlyMemory<byte> current, Sender sender) => sender is Sender.Member;
}
