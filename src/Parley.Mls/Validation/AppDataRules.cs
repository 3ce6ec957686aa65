using System.Collections.Immutable;
using Parley.Mls.Components;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Validation;

/// <summary>draft-ietf-mls-extensions-09 §4.6-§4.8, §5: the data of components, and the proposals that bring and change it.</summary>
internal static class AppDataRules
{
    private static readonly ImmutableArray<ComponentId> ComponentLists = [ComponentId.AppComponents, ComponentId.SafeAad];

    /// <summary>The dictionary in a list of extensions, or null if there is none.</summary>
    /// <exception cref="MlsException">It does not decode, or a list of components in it does not.</exception>
    public static AppDataDictionary? Dictionary(ImmutableArray<Extension> extensions)
    {
        var dictionary = GroupExtensionRules.Decode<AppDataDictionary>(extensions, ExtensionType.AppDataDictionary);
        foreach (ComponentId list in ComponentLists)
            Components(dictionary, list);
        return dictionary;
    }

    /// <summary>§5: what every member must support: for each list of components that the GroupContext has, its content.</summary>
    /// <exception cref="MlsException">See <see cref="Dictionary"/>.</exception>
    public static ImmutableArray<(ComponentId List, ImmutableArray<ComponentId> Required)> Requirements(ImmutableArray<Extension> groupExtensions)
    {
        AppDataDictionary? dictionary = Dictionary(groupExtensions);
        return [.. ComponentLists.Select(list => (list, Components(dictionary, list))).Where(static requirement => requirement.Item2.Length > 0)];
    }

    /// <summary>§5: whether a leaf's own lists have all that is required.</summary>
    /// <exception cref="MlsException">See <see cref="Dictionary"/>.</exception>
    public static bool Meets(ImmutableArray<Extension> leafExtensions, ImmutableArray<(ComponentId List, ImmutableArray<ComponentId> Required)> requirements)
    {
        AppDataDictionary? dictionary = Dictionary(leafExtensions);
        foreach ((ComponentId list, ImmutableArray<ComponentId> required) in requirements)
        {
            if (required.Except(Components(dictionary, list)).Any())
                return false;
        }

        return true;
    }

    /// <summary>§4.7: where AppDataUpdate is required of all, a GroupContextExtensions leaves the dictionary as it is.</summary>
    /// <exception cref="MlsException">It does not.</exception>
    public static void CheckReplacement(ImmutableArray<Extension> current, ImmutableArray<Extension> replacement)
    {
        if (GroupExtensionRules.RequiredCapabilities(current)?.ProposalTypes.Contains(ProposalType.AppDataUpdate) != true)
            return;
        Extension? before = current.Find(ExtensionType.AppDataDictionary);
        Extension? after = replacement.Find(ExtensionType.AppDataDictionary);
        bool same = before is null ? after is null : after is not null && before.Data.Span.SequenceEqual(after.Data.Span);
        MlsException.ThrowIf(!same, MlsError.AppDataDictionaryReplaced);
    }

    /// <summary>The GroupContext extensions after the AppEphemeral and AppDataUpdate proposals of a Commit.</summary>
    /// <exception cref="MlsException">A proposal is not valid, or not beside the others.</exception>
    public static ImmutableArray<Extension> Apply(
        ImmutableArray<Extension> extensions, IReadOnlyList<QueuedProposal> proposals, IReadOnlyDictionary<ComponentId, IAppComponent> components)
    {
        foreach (QueuedProposal queued in proposals)
        {
            if (queued.Proposal is Proposal.AppEphemeral ephemeral)
                MlsException.ThrowIf(!Known(components, ephemeral.ComponentId).IsValid(new ComponentProposal(queued.Sender, ephemeral.Data)), MlsError.AppDataRefused);
        }

        var changes = proposals.Where(static queued => queued.Proposal is Proposal.AppDataUpdate)
            .GroupBy(static queued => ((Proposal.AppDataUpdate)queued.Proposal).ComponentId)
            .ToList();
        if (changes.Count == 0)
            return extensions;
        AppDataDictionary dictionary = Dictionary(extensions) ?? AppDataDictionary.Empty;
        foreach (IGrouping<ComponentId, QueuedProposal> change in changes)
            dictionary = Apply(dictionary, change.Key, [.. change], Known(components, change.Key));
        Extension changed = dictionary.ToExtension();
        Dictionary([changed]);
        return extensions.Find(ExtensionType.AppDataDictionary) is { } current ? extensions.Replace(current, changed) : extensions.Add(changed);
    }

    /// <summary>Whether members have to support what they had not to before: the extension itself, or other components.</summary>
    /// <exception cref="MlsException">See <see cref="Dictionary"/>.</exception>
    public static bool DemandsOther(ImmutableArray<Extension> before, ImmutableArray<Extension> after)
    {
        if (before == after)
            return false;
        AppDataDictionary? former = Dictionary(before);
        AppDataDictionary? current = Dictionary(after);
        return former is null || ComponentLists.Any(list => !Components(former, list).SequenceEqual(Components(current, list)));
    }

    private static AppDataDictionary Apply(AppDataDictionary dictionary, ComponentId id, List<QueuedProposal> changes, IAppComponent component)
    {
        ReadOnlyMemory<byte>? current = dictionary.Find(id);
        if (changes.Exists(static queued => queued.Proposal is Proposal.AppDataUpdate { UpdateData: null }))
        {
            MlsException.ThrowIf(changes.Count > 1, MlsError.AppDataUpdateConflict);
            ReadOnlyMemory<byte> removed = current ?? throw new MlsException(MlsError.AppDataMissing);
            MlsException.ThrowIf(!component.MayRemove(removed, changes[0].Sender), MlsError.AppDataRefused);
            return dictionary.Without(id);
        }

        var updates = changes.ConvertAll(static queued => new ComponentProposal(queued.Sender, ((Proposal.AppDataUpdate)queued.Proposal).UpdateData ?? default));
        ReadOnlyMemory<byte> updated = component.Update(current, updates) ?? throw new MlsException(MlsError.AppDataRefused);
        return dictionary.With(id, updated.ToArray());
    }

    private static IAppComponent Known(IReadOnlyDictionary<ComponentId, IAppComponent> components, ComponentId id) =>
        components.GetValueOrDefault(id) ?? throw new MlsException(MlsError.ComponentUnknown);

    private static ImmutableArray<ComponentId> Components(AppDataDictionary? dictionary, ComponentId list)
    {
        if (dictionary?.Find(list) is not { } data)
            return [];
        return Tls.TryDecodeOwned(data, out ComponentsList? decoded, out _) ? decoded.Components : throw new MlsException(MlsError.ExtensionMalformed);
    }
}
