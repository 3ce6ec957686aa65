using Parley.Mls.Crypto;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Schedule;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §8.4: finds the keys that PSK ids name, the group's own resumption PSKs first.</summary>
internal sealed class PskLookup(IPreSharedKeys? external, ReadOnlyMemory<byte> groupId, Func<ulong, Secret?> ownResumption)
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
        if (id is PreSharedKeyId.Resumption resumption && resumption.PskGroupId.Span.SequenceEqual(groupId.Span) && ownResumption(resumption.PskEpoch) is { } own)
            return own.Clone();
        return external?.Find(id);
    }
}
