using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Components;

/// <summary>What a member, or one outside who may, has sent for a component.</summary>
/// <param name="Sender">Who sent it; the committer where it stands in the Commit by value.</param>
/// <param name="Data">What was sent.</param>
public sealed record ComponentProposal(Sender Sender, ReadOnlyMemory<byte> Data);

/// <summary>
/// draft-ietf-mls-extensions-09 §4.7, §4.8: the application's logic for one component, registered in
/// <see cref="Groups.GroupConfig.Components"/>. Members stay together only if all of them judge alike, so an answer follows from the arguments alone; a
/// question is asked more than once, for a proposal by itself and in each Commit it might be part of. What is not overridden is refused.
/// </summary>
public interface IAppComponent
{
    /// <summary>The component's new data in the GroupContext, or null if the updates are not valid.</summary>
    /// <param name="current">Its data; null if there is none.</param>
    /// <param name="updates">The updates of one Commit, at least one, in the order of the Commit.</param>
    ReadOnlyMemory<byte>? Update(ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentProposal> updates) => null;

    /// <summary>Whether the component's data may be removed from the GroupContext.</summary>
    bool MayRemove(ReadOnlyMemory<byte> current, Sender sender) => false;

    /// <summary>Whether data that goes with a Commit and changes nothing is valid.</summary>
    bool IsValid(ComponentProposal ephemeral) => false;
}
