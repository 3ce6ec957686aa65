using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Parley.Client.Content;
using Parley.Mls.Messages.Extensions;

namespace Parley.Client.Conversations;

/// <summary>
/// A group's <see cref="HistoryPolicy"/>, in the GroupContext: no member can hand over more, or less, than all have agreed to without the others knowing.
/// <code>
/// [version: 1, kind: 1 from invitation / 2 last days / 3 all, days: uint]      ; deterministic CBOR
/// </code>
/// </summary>
internal static class HistoryExtension
{
    /// <summary>A type of RFC 9420's private range; listed in the capabilities of every Parley leaf.</summary>
    public const ExtensionType Type = (ExtensionType)0xF0A2;

    private const int Version = 1;
    private const int Fields = 3;

    /// <summary>The policy in a GroupContext; false if there is none, or it is malformed or none that can be chosen.</summary>
    public static bool TryFind(ImmutableArray<Extension> extensions, [NotNullWhen(true)] out HistoryPolicy? policy)
    {
        policy = null;
        if (extensions.Find(Type) is not { } extension || !DeterministicCbor.IsWellFormed(extension.Data.Span, depthMax: 1))
            return false;
        try
        {
            var reader = new CborReader(extension.Data, CborConformanceMode.Strict);
            bool isKnown = reader.ReadStartArray() == Fields && reader.ReadUInt32() == Version;
            var read = new HistoryPolicy((HistoryPolicyKind)reader.ReadUInt32(), checked((int)reader.ReadUInt32()));
            reader.ReadEndArray();
            policy = isKnown && read.IsValid && read != HistoryPolicy.None ? read : null;
            return policy is not null;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            // The package's words for "another type or number than the schema has here".
            return false;
        }
    }

    /// <summary>A policy as an extension.</summary>
    public static Extension Of(HistoryPolicy policy)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartArray(Fields);
        writer.WriteInt32(Version);
        writer.WriteInt32((int)policy.Kind);
        writer.WriteInt32(policy.Days);
        writer.WriteEndArray();
        return new Extension(Type, writer.Encode());
    }
}
