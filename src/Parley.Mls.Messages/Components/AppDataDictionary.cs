using Parley.Mls.Messages.Extensions;

namespace Parley.Mls.Messages.Components;

/// <summary>draft-ietf-mls-extensions-09 §4.6: the data of one component.</summary>
/// <param name="ComponentId">The component.</param>
/// <param name="Data">Its data, in a form of its own.</param>
public sealed record ComponentData(ComponentId ComponentId, ReadOnlyMemory<byte> Data) : ITlsStruct<ComponentData>
{
    /// <inheritdoc/>
    public static ComponentData Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new ComponentData((ComponentId)reader.ReadUInt16(), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)ComponentId);
        writer.WriteVector(Data);
    }
}

/// <summary>
/// draft-ietf-mls-extensions-09 §4.6: the content of the <c>app_data_dictionary</c> extension, in ascending order of the components,
/// each of which stands in it once.
/// </summary>
public sealed record AppDataDictionary : ITlsStruct<AppDataDictionary>
{
    private AppDataDictionary(ImmutableArray<ComponentData> entries) => Entries = entries;

    /// <summary>A dictionary without entries.</summary>
    public static AppDataDictionary Empty { get; } = new([]);

    /// <summary>The entries.</summary>
    public ImmutableArray<ComponentData> Entries { get; }

    /// <inheritdoc/>
    public static AppDataDictionary Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ImmutableArray<ComponentData> entries = reader.ReadVectorOf(ComponentData.Read, MessageLimits.ComponentsMax);
        for (int i = 1; i < entries.Length; i++)
        {
            if (entries[i].ComponentId <= entries[i - 1].ComponentId)
                reader.Fail(DecodeError.ComponentsNotSorted);
        }

        return new AppDataDictionary(entries);
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(Entries, Tls.WriteStruct);
    }

    /// <summary>The data of a component, or null. Empty data is data.</summary>
    public ReadOnlyMemory<byte>? Find(ComponentId component)
    {
        int index = IndexOf(component);
        return index < 0 ? (ReadOnlyMemory<byte>?)null : Entries[index].Data;
    }

    /// <summary>The dictionary with a component's data added or replaced.</summary>
    public AppDataDictionary With(ComponentId component, ReadOnlyMemory<byte> data)
    {
        int index = IndexOf(component);
        var entry = new ComponentData(component, data);
        return new AppDataDictionary(index < 0 ? Entries.Insert(~index, entry) : Entries.SetItem(index, entry));
    }

    /// <summary>The dictionary without a component's data.</summary>
    public AppDataDictionary Without(ComponentId component)
    {
        int index = IndexOf(component);
        return index < 0 ? this : new AppDataDictionary(Entries.RemoveAt(index));
    }

    /// <summary>The dictionary as an extension of a LeafNode, KeyPackage, GroupInfo or GroupContext.</summary>
    public Extension ToExtension() => new(ExtensionType.AppDataDictionary, this.Encode());

    private int IndexOf(ComponentId component)
    {
        for (int i = 0; i < Entries.Length; i++)
        {
            if (Entries[i].ComponentId >= component)
                return Entries[i].ComponentId == component ? i : ~i;
        }

        return ~Entries.Length;
    }
}
