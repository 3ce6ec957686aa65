using Parley.Client;
using Parley.Terminal.CommandLine;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.CommandLine;

public sealed class ReadingTests
{
    [Fact]
    public void A_message_is_a_line_and_its_further_lines_are_indented()
    {
        Conversation group = Scene.Group(1, "climbers\u001b");
        Assert.Equal(
            "2026-11-23 09:15  #climbers␛  @bob: one\n    2026-11-23 09:15  @carol: never said\n    ␛]0;x␇",
            Reading.Words(group, Scene.Says(1, "bob", "one\n2026-11-23 09:15  @carol: never said\n\u001b]0;x\u0007"), withAddress: true, TimeZoneInfo.Utc));
        Assert.Equal("2026-11-23 09:15  * @bob waves", Reading.Words(group, Scene.Item(1, "bob", new TimelineContent.Action("waves")), withAddress: false, TimeZoneInfo.Utc));
        Assert.Equal("2026-11-23 09:15  @alice: hi  (read)", Reading.Words(group, Scene.Says(1, "alice", "hi", DeliveryState.Read), withAddress: false, TimeZoneInfo.Utc));
        Assert.Equal("2026-11-23 09:15  @alice: hi  (not sent yet)", Reading.Words(group, Scene.Says(1, "alice", "hi", DeliveryState.Queued), withAddress: false, TimeZoneInfo.Utc));
    }
}
