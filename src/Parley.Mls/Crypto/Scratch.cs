using Parley.Mls.Messages.Codec;

namespace Parley.Mls.Crypto;

/// <summary>
/// A writer for what is hashed or verified and then forgotten: the same one each time, for as long as a thread has one such thing to write,
/// and zeroed after each. Where one is in use already there is another.
/// </summary>
internal readonly ref struct Scratch : IDisposable
{
    private const int Capacity = 1024;
    private const int CapacityMax = 1 << 14;

    [ThreadStatic]
    private static TlsWriter? _writer;

    private Scratch(TlsWriter writer) => Writer = writer;

    public TlsWriter Writer { get; }

    /// <param name="capacity">About how many bytes will be written, where it is known to be many.</param>
    public static Scratch Take(int capacity = Capacity)
    {
        if (capacity > CapacityMax)
            return new Scratch(new TlsWriter(capacity));
        TlsWriter writer = _writer ?? new TlsWriter(Capacity);
        _writer = null;
        return new Scratch(writer);
    }

    public void Dispose()
    {
        Writer.Clear();
        _writer ??= Writer;
    }
}
