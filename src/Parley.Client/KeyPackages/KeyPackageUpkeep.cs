using Parley.Client.Engine;
using Parley.Client.Transport;
using Parley.Contracts.Resources;

namespace Parley.Client.KeyPackages;

/// <summary>Keeps the server supplied with KeyPackages: asks what it has, and sends what is missing.</summary>
internal static class KeyPackageUpkeep
{
    /// <summary>Makes one round. Refused rounds are made good by the next one.</summary>
    public static async Task<ClientResult> RunAsync(EngineHost host, ServerResources resources, TimeProvider time, string token, CancellationToken cancellationToken)
    {
        ClientResult<KeyPackageStock> stock = await resources.GetStockAsync(token, cancellationToken);
        if (!stock.Succeeded)
            return ClientResult.Refuse(stock.Error);
        IReadOnlyList<byte[]> wanted = host.Run(engine => engine.StockKnown(stock.Value.Count, stock.Value.HasLastResort, time.GetUtcNow()));
        if (wanted.Count > 0)
        {
            ClientResult<KeyPackageStock> added = await resources.AddKeyPackagesAsync(wanted, token, cancellationToken);
            if (!added.Succeeded)
                return ClientResult.Refuse(added.Error);
        }

        host.Run(static engine => engine.StockAdded());
        return ClientResult.Success;
    }
}
