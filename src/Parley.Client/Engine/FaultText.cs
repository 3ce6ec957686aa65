namespace Parley.Client.Engine;

/// <summary>What a user is told of a server that breaks the promises of a log.</summary>
internal static class FaultText
{
    /// <summary>One sentence, or null where it is of no concern: what comes twice is shown once, and honest clients send something twice, too.</summary>
    public static string? Of(LogFault fault) => fault switch
    {
        LogFault.Gap => "The server left out something that should have come next. It is asked for again.",
        LogFault.Repetition => null,
        LogFault.Truncation => "The server has lost messages that this device has read, or hides them. They stay in your timeline; tell the server’s owner.",
        LogFault.Misplaced => "The server delivered something that has no place in a conversation. Nothing of it was used; tell the server’s owner.",
        LogFault.WelcomeInvalid => "Someone added this device to a conversation in a way that cannot be followed. If you miss a conversation, ask a member to remove you and add you again.",
        LogFault.DeviceListMismatch => "The server was told of other devices than those a change is about. They cannot read messages; tell the server’s owner.",
        LogFault.ReplyInvalid => "The server’s answer did not fit what it was asked. Tell the server’s owner.",
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}
