using System.Globalization;

namespace Parley.Interop.Tests.TsMls;

/// <summary>What happened in a random history, so that a test can say that it was all there.</summary>
internal sealed class Tally
{
    public int OurCommits { get; private set; }

    public int TheirCommits { get; private set; }

    public int OurJoins { get; private set; }

    public int TheirJoins { get; private set; }

    public int TreesApart { get; private set; }

    public int ByReference { get; private set; }

    public int Removes { get; private set; }

    public int Updates { get; private set; }

    public int EmptyCommits { get; private set; }

    public int Psks { get; private set; }

    public int Extensions { get; private set; }

    public int OurExternalJoins { get; private set; }

    public int TheirExternalJoins { get; private set; }

    public int OurResyncs { get; private set; }

    public int TheirResyncs { get; private set; }

    public int OurLostRaces { get; private set; }

    public int TheirLostRaces { get; private set; }

    public int OurNewcomers { get; private set; }

    public int TheirNewcomers { get; private set; }

    /// <summary>Commits that were changed so as not to have the shape of <see cref="TsDepartures.DerivesOnToRoot"/>.</summary>
    public int ShapesAvoided { get; set; }

    /// <summary>Clients that ts-mls did not let in, for <see cref="TsDepartures.RefusesTree"/>.</summary>
    public int LeftOut { get; set; }

    /// <summary>Members that ts-mls did not see removed, for <see cref="TsDepartures.RemovalRefusal"/>.</summary>
    public int RemovalsUnseen { get; set; }

    public void Count(MixedMember committer, MixedGroup.Epoch epoch)
    {
        OurCommits += committer is ParleyMember ? 1 : 0;
        TheirCommits += committer is TsMember ? 1 : 0;
        ByReference += epoch.ByReference.Count;
        Change[] all = [.. epoch.ByReference, .. epoch.ByValue];
        Removes += all.OfType<Change.Remove>().Count();
        Updates += all.OfType<Change.Update>().Count();
        EmptyCommits += all.Length == 0 ? 1 : 0;
        Psks += all.OfType<Change.Psk>().Count();
        Extensions += all.OfType<Change.Extension>().Count();
    }

    public void Lost(MixedMember committer)
    {
        OurLostRaces += committer is ParleyMember ? 1 : 0;
        TheirLostRaces += committer is TsMember ? 1 : 0;
    }

    public void JoinedFromOutside(MixedMember joiner, bool isResync)
    {
        OurExternalJoins += joiner is ParleyMember && !isResync ? 1 : 0;
        TheirExternalJoins += joiner is TsMember && !isResync ? 1 : 0;
        OurResyncs += joiner is ParleyMember && isResync ? 1 : 0;
        TheirResyncs += joiner is TsMember && isResync ? 1 : 0;
    }

    public void ProposedItself(MixedMember newcomer)
    {
        OurNewcomers += newcomer is ParleyMember ? 1 : 0;
        TheirNewcomers += newcomer is TsMember ? 1 : 0;
    }

    public void Joined(MixedMember joiner, bool treeInside)
    {
        OurJoins += joiner is ParleyMember ? 1 : 0;
        TheirJoins += joiner is TsMember ? 1 : 0;
        TreesApart += treeInside ? 0 : 1;
    }

    /// <summary>Whatever can happen has happened.</summary>
    public void AssertHasAll() => Assert.True(this is
    {
        OurJoins: > 0, TheirJoins: > 0, TreesApart: > 0, OurExternalJoins: > 0, TheirExternalJoins: > 0, OurResyncs: > 0, TheirResyncs: > 0,
        OurLostRaces: > 0, TheirLostRaces: > 0, ByReference: > 0, Removes: > 0, Updates: > 0, EmptyCommits: > 0, Psks: > 0, Extensions: > 0,
    });

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        commits {OurCommits} + {TheirCommits} (Parley + ts-mls), {EmptyCommits} empty, races lost {OurLostRaces} + {TheirLostRaces}, joins {OurJoins} + {TheirJoins} ({TreesApart} with the tree apart), from outside {OurExternalJoins} + {TheirExternalJoins}, resyncs {OurResyncs} + {TheirResyncs}, by reference {ByReference}, removes {Removes}, updates {Updates}, psks {Psks}, extensions {Extensions}, proposed themselves {OurNewcomers} + {TheirNewcomers}; shapes avoided {ShapesAvoided}, left out by ts-mls {LeftOut}, removals unseen {RemovalsUnseen}
        """);
}
