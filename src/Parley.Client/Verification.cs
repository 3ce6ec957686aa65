using Parley.Contracts.Identity;

namespace Parley.Client;

/// <summary>What one knows of the key of a person.</summary>
/// <param name="Peer">The person.</param>
/// <param name="SafetyNumber">Twelve groups of five digits, the same on both sides exactly if both hold each other's true keys.</param>
/// <param name="IsConfirmed">Whether one has compared and confirmed it.</param>
/// <param name="HasChanged">Whether the key has changed since it was confirmed; until it is confirmed again nothing is sent.</param>
public sealed record Verification(Handle Peer, string SafetyNumber, bool IsConfirmed, bool HasChanged);
