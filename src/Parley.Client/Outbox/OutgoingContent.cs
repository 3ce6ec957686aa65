using Parley.Client.Content;
using Parley.Client.Engine;
using Parley.Client.Receipts;

namespace Parley.Client.Outbox;

/// <summary>Turns what a user says into what is queued: MIMI content with a fresh salt, and the id that follows from it.</summary>
internal static class OutgoingContent
{
    /// <summary>A message of the user's.</summary>
    public static OutboxWork.Message Of(EngineContext context, ConversationId conversation, OutgoingMessage message) =>
        Of(context, conversation, MessageBody.Create(message, context.Random(MimiContent.SaltBytes)));

    /// <summary>The name the user goes by.</summary>
    public static OutboxWork.Message Profile(EngineContext context, ConversationId conversation) =>
        Of(context, conversation, MessageBody.CreateProfile(context.Profile.Nickname, context.Random(MimiContent.SaltBytes)));

    /// <summary>The encoded content of a receipt. It has no id: nobody refers to it.</summary>
    public static byte[] Of(EngineContext context, Receipt receipt) => MimiCodec.Encode(MessageBody.Create(receipt, context.Random(MimiContent.SaltBytes)));

    /// <summary>What programs say to each other.</summary>
    public static OutboxWork.Signal Internal(EngineContext context, InternalMessage message) =>
        new(MimiCodec.Encode(MessageBody.CreateInternal(message, context.Random(MimiContent.SaltBytes))));

    private static OutboxWork.Message Of(EngineContext context, ConversationId conversation, MimiContent content)
    {
        byte[] mimi = MimiCodec.Encode(content);
        MessageId id = MimiIdentifier.Derive(
            context.Crypto, MimiIdentifier.SenderUri(context.Server, context.Self), MimiIdentifier.RoomUri(context.Server, conversation), mimi, content.Salt.Span);
        return new OutboxWork.Message(id, mimi);
    }
}
