using System.Text.Json;
using Parley.Client;
using Parley.Terminal.CommandLine;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.CommandLine;

public sealed class AnswersTests
{
    [Fact]
    public void An_item_has_its_promised_shape()
    {
        string json = JsonSerializer.Serialize(ItemAnswer.Of(Scene.Group(1, "climbers"), Scene.Says(7, "bob", "hi\n\u001b[31m \u202E", name: "Bob")), AnswersJson.Default.ItemAnswer);
        Assert.Equal(
            """{"conversation":"01000000000000000000000000000000","address":"#climbers","order":7,"id":null,"sender":"@bob","name":"Bob","at":"2026-11-23T09:15:00+00:00","kind":"text","text":"hi\n\u001B[31m \u202E","state":"received","handed_over_by":null}""",
            json);
    }

    [Fact]
    public void A_notice_has_no_sender()
    {
        ItemAnswer answer = ItemAnswer.Of(Scene.Direct(2, "bob"), Scene.Item(1, null, new TimelineContent.Notice("Something happened.")));
        Assert.Equal((null, "notice", "@bob", "Something happened."), (answer.Sender, answer.Kind, answer.Address, answer.Text));
    }

    [Fact]
    public void A_conversation_has_its_promised_shape()
    {
        string json = JsonSerializer.Serialize([ConversationAnswer.Of(Scene.Direct(2, "bob", unread: 3, name: "Bobby"))], AnswersJson.Default.ConversationAnswerArray);
        Assert.Equal(
            """[{"id":"02000000000000000000000000000000","address":"@bob","kind":"direct","title":"Bobby","members":["@alice","@bob"],"unread":3,"last_activity":"2026-11-23T09:15:00+00:00","last_text":"","state":"active","is_admin":false,"is_post_quantum":true,"healed_at":null,"heals_by":null}]""",
            json);
    }

    [Fact]
    public void Every_refusal_has_a_name_and_an_exit_code() => Assert.All(Enum.GetValues<ClientErrorCode>(), code =>
    {
        Assert.Matches("^[a-z_]+$", AnswersJson.Name(code));
        Assert.InRange((int)ExitCodes.Of(code), 1, 7);
    });
}
