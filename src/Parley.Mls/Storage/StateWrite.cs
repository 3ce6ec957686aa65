using System.Diagnostics;
using System.Text.Json.Serialization;

namespace Parley.Mls.Storage;

/// <summary>One change to a group's stored state. The values hold secrets; the caller's store encrypts them.</summary>
/// <param name="Key">At most 33 bytes, unique within the group.</param>
/// <param name="Value">What to store under the key, or null to delete it. Not shown by serializers and debuggers.</param>
public readonly record struct StateWrite(
    ReadOnlyMemory<byte> Key,
    [property: JsonIgnore, DebuggerBrowsable(DebuggerBrowsableState.Never)] ReadOnlyMemory<byte>? Value);
