using System.Collections.Immutable;

namespace Parley.Terminal.Chat;

/// <summary>What may stand in place of a range of the composer's text.</summary>
/// <param name="Start">Where the range begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Candidates">What may stand there, best first; never empty.</param>
/// <param name="Selected">Which of them Tab takes.</param>
internal sealed record Completion(int Start, int End, ImmutableArray<Candidate> Candidates, int Selected = 0)
{
    /// <summary>How many are offered at most.</summary>
    public const int CandidatesMax = 100;

    /// <summary>The same with another one chosen.</summary>
    public Completion Move(int steps) => this with { Selected = (Selected + steps + Candidates.Length) % Candidates.Length };
}

/// <summary>One completion.</summary>
/// <param name="Insert">What is written.</param>
/// <param name="Label">What is offered.</param>
/// <param name="Hint">What it means.</param>
internal sealed record Candidate(string Insert, string Label, string Hint = "");
