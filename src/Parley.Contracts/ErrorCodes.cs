using Parley.Contracts.Wire;

namespace Parley.Contracts;

/// <summary>The names of error codes in JSON.</summary>
public static class ErrorCodes
{
    private static readonly Dictionary<string, ErrorCode> ByName = Enum.GetValues<ErrorCode>().ToDictionary(Name, StringComparer.Ordinal);

    /// <summary>The code's name in JSON, such as <c>invite_used</c>.</summary>
    public static string Name(this ErrorCode code) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString());

    /// <summary>The code of a name. A name this version does not know is <see cref="ErrorCode.Internal"/>.</summary>
    public static ErrorCode Parse(string name) => ByName.GetValueOrDefault(name, ErrorCode.Internal);
}
