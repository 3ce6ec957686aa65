using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.Addressing;

public sealed class ConversationAddressTests
{
    private static readonly Conversation[] Conversations =
    [
        Scene.Group(0xAB, "climbers"), Scene.Group(0xCD, "Climbers"), Scene.Group(0xEF, "cooks"), Scene.Group(0x12, "cooks"), Scene.Direct(5, "bob"), Scene.Group(6, "bob"),
    ];

    [Theory]
    [InlineData("@bob", new[] { 5 })]
    [InlineData("@BOB", new[] { 5 })]
    [InlineData("@carol", new int[0])]
    [InlineData("#bob", new[] { 6 })]
    [InlineData("bob", new[] { 6 })]
    [InlineData("#climbers", new[] { 0xAB })]
    [InlineData("#CLIMBERS", new[] { 0xAB, 0xCD })]
    [InlineData("#cooks", new[] { 0xEF, 0x12 })]
    [InlineData("#ef00", new[] { 0xEF })]
    [InlineData("#EF0", new int[0])]
    public void An_address_means_a_conversation(string text, int[] expected)
    {
        Assert.True(ConversationAddress.TryParse(text, out ConversationAddress? address));
        Assert.Equal(expected.Select(id => Scene.Id((byte)id)), address.FindIn(Conversations).Select(conversation => conversation.Id));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("#")]
    [InlineData("@no spaces")]
    public void What_is_no_address_is_refused(string? text) => Assert.False(ConversationAddress.TryParse(text, out _));
}
