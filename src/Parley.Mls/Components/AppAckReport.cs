using System.Collections.Immutable;
using Parley.Mls.Messages.Components;

namespace Parley.Mls.Components;

/// <summary>
/// What an AppAck tells beside what we have sent and received ourselves in the same epoch. A message that is only late is among these, too:
/// whoever has waited long enough may call it lost.
/// </summary>
/// <param name="MissingHere">What its sender has received and we have not.</param>
/// <param name="MissingThere">What we have sent and its sender has not received.</param>
public sealed record AppAckReport(ImmutableArray<MessageRange> MissingHere, ImmutableArray<MessageRange> MissingThere);
