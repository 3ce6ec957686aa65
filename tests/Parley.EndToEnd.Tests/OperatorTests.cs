using Google.Protobuf;
using Parley.Contracts.Wire;
using Parley.EndToEnd.Tests.Hostile;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>
/// Whoever runs the server changes its database. The classroom chat that Parley follows would have shown whatever stood there, under whatever name;
/// here a changed message is refused and explained, a repeated one is not shown again, and the conversation goes on.
/// </summary>
public sealed class OperatorTests
{
    private const string Genuine = "the genuine announcement";
    private const string Later = "the following announcement";

    [Fact]
    public async Task A_message_changed_by_the_operator_is_not_shown_and_the_conversation_goes_on()
    {
        await using World world = await World.StartAsync();
        (Person ada, Person bob) = await MeetAsync(world);
        await ChangeAsync(world, static (database, id, envelope) =>
        {
            byte[] message = envelope.Message.ToByteArray();
            message[^1] ^= 1;
            envelope.Message = ByteString.CopyFrom(message);
            database.Replace(id, envelope);
        });

        await ada.SendAsync(bob.Address, Later);
        IReadOnlyList<TimelineLine> read = await bob.ReadAsync(ada.Address);
        Assert.DoesNotContain(read, line => line.Text.Contains(Genuine, StringComparison.Ordinal));
        Assert.Contains(read, line => line.Kind == "unreadable");
        Assert.Contains(read, line => line is { Kind: "text", Text: Later, Sender: "@ada" });
    }

    [Fact]
    public async Task A_message_repeated_by_the_operator_is_shown_once_and_the_conversation_goes_on()
    {
        await using World world = await World.StartAsync();
        (Person ada, Person bob) = await MeetAsync(world);
        await ChangeAsync(world, static (database, id, envelope) => database.Replay(id, envelope));

        await ada.SendAsync(bob.Address, Later);
        Assert.Equal(["hello", Genuine, Later], await bob.ReadTextsAsync(ada.Address));
    }

    [Fact]
    public async Task A_name_somebody_else_has_is_only_a_name_and_the_sender_stays_who_it_is()
    {
        await using World world = await World.StartAsync();
        (Person ada, Person bob) = await MeetAsync(world);
        await bob.RunAsync("nick", "ada");
        await bob.SendAsync(ada.Address, "I am not who I say");

        IReadOnlyList<TimelineLine> read = await ada.ReadAsync(bob.Address);
        Assert.Equal("@bob", read.Single(line => line.Text == "I am not who I say").Sender);
    }

    /// <summary>Ada and Bob in a direct conversation; the last message in it, from Ada, is one that Bob has not read.</summary>
    private static async Task<(Person Ada, Person Bob)> MeetAsync(World world)
    {
        Person ada = await world.JoinAsync("ada");
        Person bob = await world.JoinAsync("bob");
        await ada.SendAsync(bob.Address, "hello");
        Assert.Equal(["hello"], await bob.ReadTextsAsync(ada.Address));
        await ada.SendAsync(bob.Address, Genuine);
        return (ada, bob);
    }

    private static async Task ChangeAsync(World world, Action<ServerDatabase, long, Envelope> change)
    {
        await world.Server.KillAsync();
        using (ServerDatabase database = ServerDatabase.Open(world.Server.Data))
        {
            (long id, Envelope envelope) = database.LastMessage();
            change(database, id, envelope);
        }

        await world.Server.StartAgainAsync();
    }
}
