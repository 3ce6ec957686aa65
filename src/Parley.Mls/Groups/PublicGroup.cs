using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>What one outside of a group can know of an epoch: enough to apply proposals to it, and to make a Commit that joins it.</summary>
internal class PublicGroup(CryptoSuite suite, GroupContext context, RatchetTree tree, byte[] interimTranscriptHash)
{
    public CryptoSuite Suite { get; } = suite;

    public GroupContext Context { get; } = context;

    public byte[] EncodedContext { get; } = context.Encode();

    public RatchetTree Tree { get; } = tree;

    public byte[] InterimTranscriptHash { get; } = interimTranscriptHash;
}
