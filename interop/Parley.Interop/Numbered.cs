namespace Parley.Interop;

/// <summary>
/// Things that the test runner knows by a number. It has no call that says which it is done with, and plays thousands of scripts with one process:
/// so of many the oldest is freed, which belongs to a script that is over.
/// </summary>
internal sealed class Numbered<T> : IDisposable
    where T : class, IDisposable
{
    /// <summary>More than any script has.</summary>
    public const int KeptMax = 4096;

    private readonly Dictionary<uint, T> _things = [];
    private uint _last;

    public T this[uint number] => _things.TryGetValue(number, out T? thing) ? thing : throw new ArgumentException($"There is no {typeof(T).Name} {number}.", nameof(number));

    /// <summary>Takes a thing, which is disposed here.</summary>
    public uint Add(T thing)
    {
        _things.Add(++_last, thing);
        if (_last > KeptMax && _things.Remove(_last - KeptMax, out T? oldest))
            oldest.Dispose();
        return _last;
    }

    public void Dispose()
    {
        foreach (T thing in _things.Values)
            thing.Dispose();
    }
}
