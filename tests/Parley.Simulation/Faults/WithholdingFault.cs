using Parley.Contracts.Wire;
using Parley.Simulation.Core;

namespace Parley.Simulation.Faults;

/// <summary>The server leaves out entries that it should send.</summary>
internal sealed class WithholdingFault : Fault
{
    public override string Name => "withholding";

    public override IReadOnlyList<Envelope> OfPage(Chance chance, IReadOnlyList<Envelope> page)
    {
        if (!chance.PerMille(40))
            return page;
        int left = chance.Below(page.Count);
        return [.. page.Where((_, index) => index != left)];
    }
}
