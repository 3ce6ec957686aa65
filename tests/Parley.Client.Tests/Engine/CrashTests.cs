using CsCheck;

namespace Parley.Client.Tests.Engine;

/// <summary>
/// Nothing is lost, doubled or put out of a sender's order, whatever the network and the machines do: connections that break before the
/// answer, envelopes delivered again, devices that die at any write and come back from what was stored.
/// </summary>
public sealed class CrashTests
{
    private const int Steps = 60;

    [Fact]
    public void A_crash_at_any_write_of_a_conversation_loses_nothing()
    {
        // Every write of the whole exchange in turn is the one at which the disk fails and the process dies.
        int writes = CountWrites();
        for (int failing = 0; failing < writes; failing++)
        {
            using var fixture = new EngineFixture();
            TestDevice alice = fixture.Join("alice");
            TestDevice bob = fixture.Join("bob");
            ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
            alice.Store.WritesLeft = failing;
            Exchange(fixture, alice, bob, conversation);
            Assert.Equal(["one", "two", "three"], bob.Texts(conversation).Where(static text => text != "reply"));
            Assert.Equal(bob.Texts(conversation), alice.Texts(conversation));
        }
    }

    [Fact]
    public void Random_faults_lose_double_and_reorder_nothing() =>
        Gen.Int[0, int.MaxValue - 1].Sample(static seed => Run(seed), iter: 40);

    private static int CountWrites()
    {
        using var fixture = new EngineFixture();
        TestDevice alice = fixture.Join("alice");
        TestDevice bob = fixture.Join("bob");
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
        int before = alice.Store.WriteCount;
        Exchange(fixture, alice, bob, conversation);
        return alice.Store.WriteCount - before;
    }

    private static void Exchange(EngineFixture fixture, TestDevice alice, TestDevice bob, ConversationId conversation)
    {
        foreach (string text in new[] { "one", "two", "three" })
        {
            // A user whose message was refused writes it again.
            Survive(fixture, alice, () => alice.Say(conversation, text));
            Survive(fixture, alice, fixture.Settle);
        }

        bob.Say(conversation, "reply");
        Survive(fixture, alice, fixture.Settle);
    }

    private static void Survive(EngineFixture fixture, TestDevice device, Action action)
    {
        try
        {
            action();
        }
        catch (Client.Store.ClientStoreException)
        {
            device.Crash();
            device.Connect();
            action();
        }

        Assert.NotNull(fixture);
    }

    private static void Run(int seed)
    {
        var random = new Random(seed);
        using var fixture = new EngineFixture();
        TestDevice[] devices = [fixture.Join("alice"), fixture.Join("bob"), fixture.Join("carol")];
        ConversationId group = devices[0].Create(ConversationKind.Group, "club", devices[1], devices[2]);
        fixture.Settle();
        var said = devices.ToDictionary(static device => device.Handle, static _ => new List<string>());
        for (int step = 0; step < Steps; step++)
        {
            TestDevice device = devices[random.Next(devices.Length)];
            try
            {
                Act(fixture, random, device, group, said[device.Handle], step);
            }
            catch (Client.Store.ClientStoreException)
            {
                device.Crash();
            }
        }

        foreach (TestDevice device in devices)
        {
            device.Crash();
            device.Connect();
        }

        fixture.Settle();
        foreach (TestDevice device in devices)
        {
            foreach (TestDevice sender in devices)
            {
                Assert.Equal(
                    said[sender.Handle],
                    device.Timeline(group).Where(item => item.Sender == sender.Handle).Select(static item => ((TimelineContent.Text)item.Content).Body));
            }

            Assert.DoesNotContain(device.Timeline(group), static item => item.Content is TimelineContent.Unreadable);
            Assert.Equal(devices[0].Texts(group), device.Texts(group));
            Assert.Equal(devices[0].Read(group).Title, device.Read(group).Title);
            Assert.Equal(ClientResult.Success, device.Host.Look(static engine => engine.FlushResult));
        }
    }

    private static void Act(EngineFixture fixture, Random random, TestDevice device, ConversationId group, List<string> said, int step)
    {
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                string text = $"{device.Handle} {step}";
                device.Say(group, text);
                said.Add(text);
                break;
            case 3:
                device.Disconnect();
                break;
            case 4 or 5:
                device.Connect();
                break;
            case 6:
                device.Store.WritesLeft = random.Next(4);
                break;
            case 7:
                device.Crash();
                break;
            case 8 when device.Read(group).IsAdmin:
                device.Host.Run(engine => engine.Rename(group, $"name {step}", fixture.Time.GetUtcNow()));
                break;
            case 9 when device.IsConnected:
                device.Receive(repeat: random.Next(4));
                break;
            case 10:
                fixture.Time.Advance(TimeSpan.FromDays(random.Next(3)));
                break;
            default:
                if (device.IsConnected)
                {
                    device.Send(_ => random.Next(4) == 0);
                    if (device.IsConnected)
                        device.Receive();
                }

                break;
        }
    }
}
