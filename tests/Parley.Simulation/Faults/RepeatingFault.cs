using Parley.Contracts.Wire;
using Parley.Simulation.Core;

namespace Parley.Simulation.Faults;

/// <summary>The server sends entries again.</summary>
internal sealed class RepeatingFault : Fault
{
    public override string Name => "repeating";

    public override IReadOnlyList<Envelope> OfPage(Chance chance, IReadOnlyList<Envelope> page) =>
        chance.PerMille(80) ? [.. page, .. page.Skip(chance.Below(page.Count))] : page;
}
