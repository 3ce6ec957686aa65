using Parley.Client.Engine;
using Parley.Client.Transport;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;

namespace Parley.Client.KeyPackages;

/// <summary>Keeps the server supplied with KeyPackages of each suite: asks what it has, and sends what is missing.</summary>
internal static class KeyPackageUpkeep
{
    /// <summary>Makes one round. Refused rounds are made good by the next one.</summary>
    public static async Task<ClientResult> RunAsync(EngineHost host, ServerResources resources, TimeProvider time, string token, CancellationToken cancellationToken)
    {
        foreach (CipherSuite suite in MlsProfile.Suites)
        {
            ClientResult<KeyPackageStock> stock = await resources.GetStockAsync(suite, token, cancellationToken);
            if (!stock.Succeeded)
                return ClientResult.Refuse(stock.Error);
            IReadOnlyList<byte[]> wanted = host.Run(engine => engine.StockKnown(suite, stock.Value.Count, stock.Value.HasLastResort, time.GetUtcNow()));
            ClientResult added = wanted.Count > 0 ? await resources.AddKeyPackagesAsync(wanted, token, cancellationToken) : ClientResult.Success;
            if (!added.Succeeded)
                return added;
        }

        host.Run(engine => engine.StockAdded(time.GetUtcNow()));
        return ClientResult.Success;
    }
}
