using System.Collections.Immutable;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Conversations;

/// <summary>
/// The people of a conversation as an epoch has them, with their devices, and the names they go by. Read from the leaves at each epoch and
/// stored apart from what changes with every message, so that a list of conversations can be shown without loading a group.
/// </summary>
internal sealed record Roster(
    ImmutableSortedDictionary<string, RosterEntry> Entries, ImmutableSortedSet<string> Admins, ImmutableSortedDictionary<string, string> Names)
{
    public static readonly Roster Empty = new(
        ImmutableSortedDictionary.Create<string, RosterEntry>(StringComparer.Ordinal),
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    private const int EntriesMax = MessageLimits.LeavesMax;

    /// <summary>Whether a person is a member.</summary>
    public bool Contains(Handle handle) => Entries.ContainsKey(handle.Value);

    /// <summary>
    /// The name a person is shown by. A chosen name that is another member's handle or chosen name too is followed by the handle, so that
    /// nobody can pass for somebody else.
    /// </summary>
    public string NameOf(Handle handle)
    {
        if (!Names.TryGetValue(handle.Value, out string? name))
            return handle.Value;
        bool isTaken = Entries.Keys.Any(other => other != handle.Value
            && (Same(name, other) || Same(name, "@" + other) || (Names.TryGetValue(other, out string? others) && Same(name, others))));
        return isTaken ? $"{name} ({handle})" : name;
    }

    /// <summary>The same people, one of whom goes by another name; the empty name is none.</summary>
    public Roster WithName(Handle handle, string name) =>
        this with { Names = name.Length == 0 ? Names.Remove(handle.Value) : Names.SetItem(handle.Value, name) };

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteVectorOf(Entries, static (w, entry) =>
        {
            w.WriteVector(System.Text.Encoding.ASCII.GetBytes(entry.Key));
            w.WriteVector(entry.Value.AccountKey);
            w.WriteVectorOf(entry.Value.Devices, static (v, device) => v.WriteBytes(device.ToArray()));
        });
        writer.WriteVectorOf(Admins, static (w, admin) => w.WriteVector(System.Text.Encoding.ASCII.GetBytes(admin)));
        writer.WriteVectorOf(Names, static (w, name) =>
        {
            w.WriteVector(System.Text.Encoding.ASCII.GetBytes(name.Key));
            w.WriteVector(System.Text.Encoding.UTF8.GetBytes(name.Value));
        });
        return writer.ToArray();
    }

    public static Roster Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        var entries = reader.ReadVectorOf(
            static r => KeyValuePair.Create(ReadText(r), new RosterEntry(r.ReadVector(), r.ReadVectorOf(StoredId.ReadDevice, EntriesMax))), EntriesMax);
        var admins = reader.ReadVectorOf(ReadText, EntriesMax);
        var names = reader.ReadVectorOf(static r => KeyValuePair.Create(ReadText(r), ReadText(r)), EntriesMax);
        if (!reader.Finish())
            throw new InvalidDataException("A stored roster is damaged.");
        return new Roster(Empty.Entries.AddRange(entries), Empty.Admins.Union(admins), Empty.Names.AddRange(names));
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static string ReadText(TlsReader reader) => System.Text.Encoding.UTF8.GetString(reader.ReadVector().Span);
}

/// <summary>One person in a roster.</summary>
/// <param name="AccountKey">The account key that all of the person's leaves are certified by.</param>
/// <param name="Devices">The person's devices in the group.</param>
internal sealed record RosterEntry(ReadOnlyMemory<byte> AccountKey, ImmutableArray<DeviceId> Devices);
