using Parley.Client.Conversations;
using Parley.Client.Recovery;

namespace Parley.Client.Tests.Recovery;

public sealed class ArchiveContentTests
{
    [Fact]
    public void What_is_no_content_is_none_whatever_is_changed_in_it()
    {
        Assert.True(ConversationId.TryParse(new byte[16], out ConversationId id));
        var item = new TimelineRecord(DateTimeOffset.UnixEpoch, Sender: null, Id: null, DeliveryState.Received, new TimelineBody.Notice("hello"));
        byte[] encoded = new ArchiveContent.Timeline(id, [new Item(1, item.Encode())]).Encode();
        Assert.Equal(item.At, Assert.Single(Assert.IsType<ArchiveContent.Timeline>(ArchiveContent.TryDecode(encoded)).Items).Record.At);

        // Each byte in every way: times that cannot be, lengths that lie, tags that nobody knows. Nothing is thrown.
        int refused = 0;
        for (int at = 0; at < encoded.Length; at++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. encoded];
                changed[at] = (byte)value;
                refused += ArchiveContent.TryDecode(changed) is null ? 1 : 0;
            }

            Assert.Null(ArchiveContent.TryDecode(encoded.AsMemory(0, at)));
        }

        Assert.True(refused > 256);
    }
}
