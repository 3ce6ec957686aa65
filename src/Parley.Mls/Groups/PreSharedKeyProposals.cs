using Parley.Mls.Crypto;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.1.4: makes PreSharedKey proposals, each with a fresh nonce.</summary>
public static class PreSharedKeyProposals
{
    /// <summary>A key that the application shares by other means.</summary>
    /// <param name="suite">The suite of the group that the proposal is for.</param>
    /// <param name="pskId">The application's name for the key.</param>
    public static Proposal.PreSharedKey External(CryptoSuite suite, ReadOnlySpan<byte> pskId)
    {
        ArgumentNullException.ThrowIfNull(suite);
        return new Proposal.PreSharedKey(new PreSharedKeyId.External(pskId.ToArray(), Nonce(suite)));
    }

    /// <summary>RFC 9420 §8.6: the resumption PSK of an epoch of this or another group, for the application's own use.</summary>
    /// <param name="suite">The suite of the group that the proposal is for.</param>
    /// <param name="pskGroupId">The group whose key it is.</param>
    /// <param name="pskEpoch">The epoch whose key it is.</param>
    public static Proposal.PreSharedKey Resumption(CryptoSuite suite, ReadOnlySpan<byte> pskGroupId, ulong pskEpoch) =>
        Resumption(suite, ResumptionPskUsage.Application, pskGroupId, pskEpoch);

    internal static Proposal.PreSharedKey Resumption(CryptoSuite suite, ResumptionPskUsage usage, ReadOnlySpan<byte> pskGroupId, ulong pskEpoch)
    {
        ArgumentNullException.ThrowIfNull(suite);
        return new Proposal.PreSharedKey(new PreSharedKeyId.Resumption(usage, pskGroupId.ToArray(), pskEpoch, Nonce(suite)));
    }

    private static byte[] Nonce(CryptoSuite suite)
    {
        byte[] nonce = new byte[suite.HashBytes];
        suite.Provider.FillRandom(nonce);
        return nonce;
    }
}
