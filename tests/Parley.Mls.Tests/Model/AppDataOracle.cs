using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Tests.Model;

/// <summary>
/// The data of components as draft-ietf-mls-extensions-09 §4.7 has it after each Commit: first a GroupContextExtensions, then removals and
/// updates. The data of the component 0x8001 grows with each update, that of others is replaced.
/// </summary>
internal sealed class AppDataOracle
{
    private const ComponentId Growing = (ComponentId)0x8001;

    private readonly Dictionary<ComponentId, byte[]> _entries = [];

    /// <summary>A copy of what there is.</summary>
    public IReadOnlyDictionary<ComponentId, byte[]> Entries => new Dictionary<ComponentId, byte[]>(_entries);

    /// <summary>How many components have data in a context.</summary>
    public static int Count(GroupContext context) => Read(context.Extensions.Find(ExtensionType.AppDataDictionary)).Count();

    /// <summary>Applies the proposals of an accepted Commit.</summary>
    public void Apply(IReadOnlyList<QueuedProposal> proposals)
    {
        if (proposals.Select(static queued => queued.Proposal).OfType<Proposal.GroupContextExtensions>().SingleOrDefault() is { } replaced)
        {
            _entries.Clear();
            foreach (ComponentData entry in Read(replaced.Extensions.Find(ExtensionType.AppDataDictionary)))
                _entries.Add(entry.ComponentId, entry.Data.ToArray());
        }

        foreach (Proposal.AppDataUpdate update in proposals.Select(static queued => queued.Proposal).OfType<Proposal.AppDataUpdate>())
        {
            if (update.UpdateData is not { } data)
                _entries.Remove(update.ComponentId);
            else if (update.ComponentId == Growing)
                _entries[Growing] = [.. _entries.GetValueOrDefault(Growing) ?? [], .. data.Span];
            else
                _entries[update.ComponentId] = data.ToArray();
        }
    }

    private static IEnumerable<ComponentData> Read(Extension? extension)
    {
        if (extension is null)
            return [];
        Assert.True(Tls.TryDecode(extension.Data.Span, out AppDataDictionary? dictionary, out _));
        return dictionary.Entries;
    }
}
