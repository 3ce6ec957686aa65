using Parley.Contracts.Wire;
using Parley.Simulation.Core;

namespace Parley.Simulation.Faults;

/// <summary>The server sends entries in another order.</summary>
internal sealed class SwappingFault : Fault
{
    public override string Name => "swapping";

    public override IReadOnlyList<Envelope> OfPage(Chance chance, IReadOnlyList<Envelope> page)
    {
        if (page.Count < 2 || !chance.PerMille(150))
            return page;
        int first = chance.Below(page.Count - 1);
        return [.. page.Take(first), page[first + 1], page[first], .. page.Skip(first + 2)];
    }
}
