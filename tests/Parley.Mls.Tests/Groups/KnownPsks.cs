using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Tests.Groups;

/// <summary>The external PSKs that all clients of a world share.</summary>
internal sealed class KnownPsks : IPreSharedKeys
{
    private readonly Dictionary<string, byte[]> _keys = [];

    public void Add(ReadOnlySpan<byte> id, ReadOnlySpan<byte> key) => _keys[Convert.ToHexString(id)] = key.ToArray();

    public Secret? Find(PreSharedKeyId id) =>
        id is PreSharedKeyId.External external && _keys.TryGetValue(Convert.ToHexString(external.PskId.Span), out byte[]? key) ? new Secret(key) : null;
}
