using System.Text.Json;
using Google.Protobuf;
using Extension = Parley.Interop.Wire.Extension;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>Reads a step's parameters. The scripts spell some names in two ways, such as force_path and forcePath; both are taken.</summary>
internal static class StepReading
{
    public static string Text(this JsonElement step, string name) => step.OptionalText(name) ?? throw new FormatException($"The step has no {name}: {step}");

    public static string? OptionalText(this JsonElement step, string name) => step.Find(name)?.GetString();

    public static int Int(this JsonElement step, string name) => step.Find(name)?.GetInt32() ?? throw new FormatException($"The step has no {name}: {step}");

    public static bool Flag(this JsonElement step, string name) => step.Find(name)?.GetBoolean() ?? false;

    public static IReadOnlyList<string> Texts(this JsonElement step, string name) => [.. step.Items(name).Select(static item => item.GetString()!)]; // Names are strings.

    public static IReadOnlyList<int> Ints(this JsonElement step, string name) => [.. step.Items(name).Select(static item => item.GetInt32())];

    public static IEnumerable<JsonElement> Items(this JsonElement step, string name) => step.Find(name)?.EnumerateArray() ?? Enumerable.Empty<JsonElement>();

    public static JsonElement Part(this JsonElement step, string name) => step.Find(name) ?? throw new FormatException($"The step has no {name}: {step}");

    public static IEnumerable<Extension> Extensions(this JsonElement step) => step.Items("extensions").Select(static extension => new Extension
    {
        ExtensionType = extension.GetProperty("extension_type").GetUInt32(),
        ExtensionData = ByteString.FromBase64(extension.GetProperty("extension_data").GetString()),
    });

    private static JsonElement? Find(this JsonElement step, string name)
    {
        foreach (JsonProperty property in step.EnumerateObject())
        {
            if (property.Name.Replace("_", "").Equals(name, StringComparison.OrdinalIgnoreCase))
                return property.Value;
        }

        return null;
    }
}
