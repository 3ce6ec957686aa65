namespace Parley.Interop;

/// <summary>Things that the test runner knows by a number.</summary>
internal sealed class Numbered<T> : IDisposable
    where T : class, IDisposable
{
    private readonly Dictionary<uint, T> _things = [];
    private uint _last;

    public T this[uint number] => _things.TryGetValue(number, out T? thing) ? thing : throw new ArgumentException($"There is no {typeof(T).Name} {number}.", nameof(number));

    public uint Add(T thing)
    {
        _things.Add(++_last, thing);
        return _last;
    }

    public void Dispose()
    {
        foreach (T thing in _things.Values)
            thing.Dispose();
    }
}
