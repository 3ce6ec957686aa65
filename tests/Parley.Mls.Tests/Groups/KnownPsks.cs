using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Tests.Groups;

/// <summary>The PSKs that all clients of a world share.</summary>
internal sealed class KnownPsks : IPreSharedKeys
{
    private readonly Dictionary<string, byte[]> _keys = [];

    public void Add(ReadOnlySpan<byte> id, ReadOnlySpan<byte> key) => _keys[Convert.ToHexString(id)] = key.ToArray();

    /// <summary>External keys by their id, resumption keys by their whole encoding.</summary>
    public Secret? Find(PreSharedKeyId id)
    {
        ReadOnlySpan<byte> name = id is PreSharedKeyId.External external ? external.PskId.Span : id.Encode();
        return _keys.TryGetValue(Convert.ToHexString(name), out byte[]? key) ? new Secret(key) : null;
    }
}
