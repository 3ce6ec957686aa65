using System.Collections.Immutable;

namespace Parley.Terminal.Chat;

/// <summary>The next model and what to do in the world.</summary>
internal sealed record Step(ChatModel Model, ImmutableArray<ChatEffect> Effects)
{
    /// <summary>Only a new model.</summary>
    public static Step To(ChatModel model) => new(model, []);

    /// <summary>A new model and something to do.</summary>
    public static Step To(ChatModel model, params ReadOnlySpan<ChatEffect> effects) => new(model, [.. effects]);

    /// <summary>The same model and a refusal in words.</summary>
    public static Step Refuse(ChatModel model, string sentence) => To(model.Tell(sentence, isError: true));
}
