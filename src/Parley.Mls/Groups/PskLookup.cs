using Parley.Mls.Crypto;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Schedule;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §8.4: finds the keys that PSK ids name, the resumption PSKs of the group at hand first.</summary>
internal sealed class PskLookup(IPreSharedKeys? external, Func<PreSharedKeyId.Resumption, Secret?>? ofGroup)
{
    /// <summary>The psk_secret of a list of ids.</summary>
    /// <exception cref="MlsException">One of the keys is not known here.</exception>
    public Secret Secret(CryptoSuite suite, IReadOnlyList<PreSharedKeyId> ids)
    {
        var keys = new List<(PreSharedKeyId Id, Secret Key)>(ids.Count);
        try
        {
            foreach (PreSharedKeyId id in ids)
                keys.Add((id, Find(id) ?? throw new MlsException(MlsError.PskUnknown)));
            return PskSecret.Compute(suite, keys);
        }
        finally
        {
            foreach ((_, Secret key) in keys)
                key.Dispose();
        }
    }

    private Secret? Find(PreSharedKeyId id)
    {
        if (id is not PreSharedKeyId.Resumption resumption)
            return external?.Find(id);
        if (ofGroup?.Invoke(resumption) is { } own)
            return own;

        // A group that continues another is checked against it (§11.2, §11.3), so the other one must be at hand.
        return resumption.Usage == ResumptionPskUsage.Application ? external?.Find(id) : null;
    }
}
