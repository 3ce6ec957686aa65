using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Parley.Mls.Storage;

/// <summary>Collects a group's changes until its owner takes them into a transaction.</summary>
internal sealed class StateLog : IDisposable
{
    // A message changes one entry.
    private List<StateWrite> _writes = new(capacity: 1);

    /// <summary>Makes room for so many changes more.</summary>
    public void Expect(int count) => _writes.EnsureCapacity(_writes.Count + count);

    public void Put(StateKey key, ReadOnlyMemory<byte> value) => _writes.Add(new StateWrite(key.Encode(), value));

    public void Delete(StateKey key) => _writes.Add(new StateWrite(key.Encode(), null));

    public IReadOnlyList<StateWrite> Peek() => _writes;

    public IReadOnlyList<StateWrite> Take()
    {
        List<StateWrite> taken = _writes;
        _writes = new List<StateWrite>(capacity: 1);
        return taken;
    }

    /// <summary>Zeroes what was not taken.</summary>
    public void Dispose()
    {
        foreach (StateWrite write in _writes)
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(write.Value ?? default).Span);
        _writes.Clear();
    }
}
