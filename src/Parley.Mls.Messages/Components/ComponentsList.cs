namespace Parley.Mls.Messages.Components;

/// <summary>
/// draft-ietf-mls-extensions-09 §5: the data of <see cref="ComponentId.AppComponents"/> and <see cref="ComponentId.SafeAad"/>: in a leaf
/// the components it supports, in the GroupContext those that every member must support. Unknown values are kept and ignored.
/// </summary>
/// <param name="Components">The components.</param>
public sealed record ComponentsList(ImmutableArray<ComponentId> Components) : ITlsStruct<ComponentsList>
{
    /// <inheritdoc/>
    public static ComponentsList Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new ComponentsList(reader.ReadVectorOf(static r => (ComponentId)r.ReadUInt16(), MessageLimits.ComponentsMax));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(Components, static (w, component) => w.WriteUInt16((ushort)component));
    }
}
