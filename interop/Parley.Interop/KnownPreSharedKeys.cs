using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Proposals;

namespace Parley.Interop;

/// <summary>The external PSKs that the test runner has installed at one participant.</summary>
internal sealed class KnownPreSharedKeys : IPreSharedKeys, IDisposable
{
    private readonly Dictionary<string, Secret> _keys = new(StringComparer.Ordinal);

    public void Add(ReadOnlySpan<byte> id, ReadOnlySpan<byte> secret) => _keys[Convert.ToHexString(id)] = new Secret(secret);

    public Secret? Find(PreSharedKeyId id) =>
        id is PreSharedKeyId.External external && _keys.TryGetValue(Convert.ToHexString(external.PskId.Span), out Secret? key) ? key.Clone() : null;

    public void Dispose()
    {
        foreach (Secret key in _keys.Values)
            key.Dispose();
    }
}
