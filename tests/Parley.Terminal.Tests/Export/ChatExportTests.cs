using Parley.Client;
using Parley.Terminal.Export;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.Export;

public sealed class ChatExportTests
{
    [Fact]
    public void A_conversation_is_written_as_text()
    {
        using var writer = new StringWriter();
        ChatExport.Write(writer, Scene.Group(1, "climbers", 0, MembershipState.Active, "carol", "bob"),
        [
            Scene.Item(1, null, new TimelineContent.Notice("@alice added @bob.")),
            Scene.Says(2, "bob", "two\nlines \u001b[31m", name: "alice"),
            Scene.Item(3, "carol", new TimelineContent.Action("waves")),
            Scene.Item(4, "carol", new TimelineContent.Unknown("application/poll")),
            Scene.Says(5, "alice", "later", DeliveryState.Queued),
        ], TimeZoneInfo.Utc);
        Assert.Equal(
            """
            #climbers
            Members: @alice, @bob, @carol

            [2026-11-23 09:15:00 +00:00] — @alice added @bob.
            [2026-11-23 09:15:00 +00:00] @bob: two
                lines ␛[31m
            [2026-11-23 09:15:00 +00:00] * @carol waves
            [2026-11-23 09:15:00 +00:00] @carol: [a message of a kind this version cannot show: application/poll]
            [2026-11-23 09:15:00 +00:00] @alice: later (not sent yet)

            """.ReplaceLineEndings("\n"), writer.ToString());
    }
}
