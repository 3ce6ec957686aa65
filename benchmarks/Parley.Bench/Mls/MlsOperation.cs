namespace Parley.Bench.Mls;

/// <summary>
/// What an application pays: an operation is all it does with one message, from the bytes it received or to those it sends, with the
/// Commit merged and the writes taken.
/// </summary>
internal sealed record MlsOperation(string Name, Func<Outcome> Run)
{
    public int Leaves { get; init; }

    /// <summary>"flat", "full", or empty where there is no tree.</summary>
    public string Shape { get; init; } = "";

    public int PayloadBytes { get; init; }

    /// <summary>Makes what the operation needs, such as the Commit to be processed. Not timed.</summary>
    public Action Prepare { get; init; } = static () => { };

    /// <summary>Lets the other members follow. Not timed.</summary>
    public Action<Outcome> Follow { get; init; } = static _ => { };
}
