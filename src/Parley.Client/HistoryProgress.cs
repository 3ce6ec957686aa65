using Parley.Contracts.Identity;

namespace Parley.Client;

/// <summary>How far the handing over of one conversation's history has got.</summary>
/// <param name="Conversation">Of which conversation.</param>
/// <param name="Done">How many messages have been handed over.</param>
/// <param name="Total">How many there are; 0 while nobody has answered.</param>
/// <param name="To">The device that is handed them; null if it is this one.</param>
public sealed record HistoryProgress(ConversationId Conversation, long Done, long Total, DeviceId? To);
