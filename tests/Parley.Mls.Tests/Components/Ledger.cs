using Parley.Mls.Components;
using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Tests.Components;

/// <summary>A component whose data is a list of ascending bytes: an update appends one that is larger than the last. Removable unless it ends in 0xff.</summary>
internal sealed class Ledger : IAppComponent
{
    public ReadOnlyMemory<byte>? Update(ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentProposal> updates)
    {
        List<byte> entries = [.. (current ?? default).ToArray()];
        foreach (ComponentProposal update in updates)
        {
            if (update.Data.Length != 1 || (entries.Count > 0 && update.Data.Span[0] <= entries[^1]))
                return null;
            entries.Add(update.Data.Span[0]);
        }

        return entries.ToArray();
    }

    public bool MayRemove(ReadOnlyMemory<byte> current, Sender sender) => current.Span[^1] != 0xff;

    public bool IsValid(ComponentProposal ephemeral) => ephemeral.Data.Length == 1;
}
