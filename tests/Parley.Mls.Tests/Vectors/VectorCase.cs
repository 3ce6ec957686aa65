using System.Text.Json;

namespace Parley.Mls.Tests.Vectors;

/// <summary>Reads the members of a vector's case. A missing member throws, which fails the case.</summary>
internal static class VectorCase
{
    public static byte[] Hex(this JsonElement vector, string name) => Convert.FromHexString(vector.Text(name));

    /// <summary>The bytes, or null where the member is null or missing.</summary>
    public static byte[]? OptionalHex(this JsonElement vector, string name) =>
        vector.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.String
            ? Convert.FromHexString(member.GetString()!) // A string member has a string.
            : null;

    public static string Text(this JsonElement vector, string name) =>
        vector.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null.");

    public static int Int(this JsonElement vector, string name) => vector.GetProperty(name).GetInt32();

    public static uint UInt(this JsonElement vector, string name) => vector.GetProperty(name).GetUInt32();

    public static ulong ULong(this JsonElement vector, string name) => vector.GetProperty(name).GetUInt64();

    public static IEnumerable<JsonElement> Items(this JsonElement vector, string name) => vector.GetProperty(name).EnumerateArray();
}
