namespace Parley.Mls;

/// <summary>A peer's input broke a rule of RFC 9420. Nothing has changed. The message names the rule and holds nothing of the input.</summary>
public sealed class MlsException : Exception
{
    /// <summary>Names the broken rule.</summary>
    public MlsException(MlsError error)
        : base($"MLS: {error}.") => Error = error;

    /// <summary>The broken rule.</summary>
    public MlsError Error { get; }

    internal static void ThrowIf(bool broken, MlsError error)
    {
        if (broken)
            throw new MlsException(error);
    }
}
