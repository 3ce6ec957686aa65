using Parley.Mls.Storage;

namespace Parley.Mls.Tests.Groups;

/// <summary>What a client's store does with a group's writes: applies them in order and gives the entries back in the order of their keys.</summary>
internal sealed class GroupStore
{
    private readonly SortedDictionary<string, byte[]> _entries = new(StringComparer.Ordinal);

    /// <summary>A fault for a test to find: what is deleted stays.</summary>
    public bool KeepsDeleted { get; init; }

    public IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Entries =>
        _entries.Select(static entry => new KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(Convert.FromHexString(entry.Key), entry.Value));

    public int Bytes => _entries.Sum(static entry => (entry.Key.Length / 2) + entry.Value.Length);

    public void Apply(IReadOnlyList<StateWrite> writes)
    {
        foreach (StateWrite write in writes)
        {
            string key = Convert.ToHexString(write.Key.Span);
            if (write.Value is { } value)
                _entries[key] = value.ToArray();
            else if (!KeepsDeleted)
                _entries.Remove(key);
        }
    }

    public override string ToString() => string.Join('\n', _entries.Select(static entry => $"{entry.Key} {Convert.ToHexString(entry.Value)}"));
}
