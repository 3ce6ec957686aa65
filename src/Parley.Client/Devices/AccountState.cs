using System.Collections.Immutable;
using System.Text;
using Parley.Client.Content;
using Parley.Client.Engine;
using Parley.Client.Store;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Devices;

/// <summary>
/// What is the same on all of the account's devices: values by key, of which the last one written counts. Last is what stands last in the log of the
/// devices' group, so that all of them agree. What is written here counts here at once, and everywhere as soon as the log has it; what is written over
/// before that is never sent.
/// </summary>
internal sealed class AccountState
{
    /// <summary>The longest value: a draft.</summary>
    public const int ValueBytesMax = 16 * 1024;

    private const int EntriesMax = 100_000;
    private const int KeyCharsMax = 80;
    private const int MessageBytesMax = 96 * 1024;

    private static readonly byte[] Prefix = "d/"u8.ToArray();

    private readonly EngineContext _context;
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _untold = new(StringComparer.Ordinal);

    public AccountState(EngineContext context)
    {
        _context = context;
        foreach (StoreEntry stored in context.Store.Read(new StoreRange(Prefix)))
        {
            string key = Encoding.UTF8.GetString(stored.Key.AsSpan(Prefix.Length));
            var entry = Entry.Decode(stored.Value);
            _entries.Add(key, entry);
            if (entry.Telling != Telling.Told)
                _untold.Add(key);
        }
    }

    private enum Telling : byte
    {
        Told,

        /// <summary>Written here: it counts from where it comes to stand in the log.</summary>
        New,

        /// <summary>For a device that has come: it counts from where it stood.</summary>
        Again,
    }

    /// <summary>Whether the others have not been told everything.</summary>
    public bool HasUntold => _untold.Count > 0;

    /// <summary>The keys that begin so and have a value.</summary>
    public IEnumerable<string> Keys(string prefix) => _entries.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && !pair.Value.Value.IsEmpty).Select(static pair => pair.Key);

    /// <summary>A value; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Get(string key) => _entries.TryGetValue(key, out Entry? entry) ? entry.Value : default;

    /// <summary>Writes a value; the empty one is none.</summary>
    public void Set(string key, ReadOnlyMemory<byte> value)
    {
        if (Get(key).Span.SequenceEqual(value.Span))
            return;
        Put(key, new Entry(_entries.TryGetValue(key, out Entry? entry) ? entry.Stamp : 0, Telling.New, value));
    }

    /// <summary>A device has come and knows nothing: it is told everything.</summary>
    public void TellAgain()
    {
        foreach ((string key, Entry entry) in _entries.Where(static pair => pair.Value.Telling == Telling.Told).ToList())
            Put(key, entry with { Telling = Telling.Again });
    }

    /// <summary>What is to be told next, or null.</summary>
    public InternalMessage.State? TakeUntold()
    {
        var entries = ImmutableArray.CreateBuilder<StateEntry>();
        int bytes = 0;
        foreach (string key in _untold.Take(InternalMessage.EntriesMax))
        {
            Entry entry = _entries[key];
            bytes += key.Length + entry.Value.Length;
            if (bytes > MessageBytesMax && entries.Count > 0)
                break;
            entries.Add(new StateEntry(key, entry.Telling == Telling.Again ? entry.Stamp : 0, entry.Value));
        }

        return entries.Count > 0 ? new InternalMessage.State(entries.ToImmutable()) : null;
    }

    /// <summary>The log has what this device has told.</summary>
    public void Told(InternalMessage.State state, ulong sequence)
    {
        foreach (StateEntry told in state.Entries)
        {
            if (_entries.TryGetValue(told.Key, out Entry? entry) && entry.Value.Span.SequenceEqual(told.Value.Span))
                Put(told.Key, entry with { Stamp = told.Stamp == 0 ? sequence : Math.Max(entry.Stamp, told.Stamp), Telling = Telling.Told });
        }
    }

    /// <summary>Another device has told something; returns the keys whose values are others now.</summary>
    public IReadOnlyList<string> Receive(InternalMessage.State state, ulong sequence)
    {
        var changed = new List<string>();
        foreach (StateEntry told in state.Entries)
        {
            ulong stamp = told.Stamp == 0 ? sequence : told.Stamp;
            bool isKnown = _entries.TryGetValue(told.Key, out Entry? entry);
            bool isGood = told.Key.Length is > 0 and <= KeyCharsMax && told.Value.Length <= ValueBytesMax && stamp <= sequence && (isKnown || _entries.Count < EntriesMax);

            // What was written here and is not in the log yet will stand behind it.
            if (!isGood || entry?.Stamp >= stamp || entry?.Telling == Telling.New)
                continue;
            Put(told.Key, new Entry(stamp, entry?.Telling ?? Telling.Told, told.Value));
            changed.Add(told.Key);
        }

        return changed;
    }

    private void Put(string key, Entry entry)
    {
        _entries[key] = entry;
        if (entry.Telling == Telling.Told)
            _untold.Remove(key);
        else
            _untold.Add(key);
        _context.Batch.Put(StoreKey.Of(Prefix, Encoding.UTF8.GetBytes(key)), entry.Encode());
    }

    private sealed record Entry(ulong Stamp, Telling Telling, ReadOnlyMemory<byte> Value)
    {
        public byte[] Encode()
        {
            var writer = new TlsWriter();
            writer.WriteUInt64(Stamp);
            writer.WriteUInt8((byte)Telling);
            writer.WriteVector(Value);
            return writer.ToArray();
        }

        public static Entry Decode(ReadOnlyMemory<byte> stored)
        {
            var reader = new TlsReader(stored);
            var entry = new Entry(reader.ReadUInt64(), (Telling)reader.ReadUInt8(), reader.ReadVector());
            return reader.Finish() ? entry : throw new InvalidDataException("A stored value of the account is damaged.");
        }
    }
}
