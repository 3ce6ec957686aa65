using CsCheck;
using Parley.Client.Tests.Engine;

namespace Parley.Client.Tests.Devices;

/// <summary>
/// An account whose devices come one after the other, somebody else, and whatever networks and machines do to them. In the end all devices are in all
/// conversations, have all that was ever said in them, once, and agree on what the account has noted.
/// </summary>
public sealed class DeviceFaultTests
{
    private const int Steps = 80;

    [Fact]
    public void Random_faults_leave_all_devices_of_an_account_the_same() => Gen.Int[0, int.MaxValue - 1].Sample(static seed => Run(seed), iter: 25);

    /// <summary>A message that an Add had overtaken came to a device that could not read it, while these tests' server let it in.</summary>
    [Theory]
    [InlineData(1030509537)]
    public void A_seed_that_has_failed_before_does_not_fail_again(int seed) => Run(seed);

    private static void Run(int seed)
    {
        var random = new Random(seed);
        using var account = new LinkedAccount(messages: 3);
        var own = new List<TestDevice> { account.First };
        var groups = new List<ConversationId> { account.Direct };
        for (int step = 0; step < Steps; step++)
        {
            TestDevice device = random.Next(3) == 0 ? account.Bob : own[random.Next(own.Count)];
            try
            {
                Act(account, random, device, own, groups, step);
            }
            catch (Client.Store.ClientStoreException)
            {
                device.Crash();
            }
        }

        foreach (TestDevice device in own.Append(account.Bob))
        {
            device.Crash();
            device.Connect();
        }

        account.Fixture.Settle();
        foreach (ConversationId conversation in groups)
        {
            IReadOnlyList<string> said = account.Bob.Texts(conversation);
            foreach (TestDevice device in own)
            {
                Assert.Equal(said, device.Texts(conversation));
                Assert.DoesNotContain(device.Timeline(conversation), static item => item.Content is TimelineContent.Unreadable);
                Assert.Equal(own[0].Read(conversation).Draft, device.Read(conversation).Draft);
                Assert.Empty(device.Host.Look(static engine => engine.ReadProgress()));
            }
        }
    }

    private static void Act(LinkedAccount account, Random random, TestDevice device, List<TestDevice> own, List<ConversationId> groups, int step)
    {
        ConversationId conversation = groups[random.Next(groups.Count)];
        bool isThere = device.Conversations.Any(known => known.Id == conversation && known.State == MembershipState.Active);
        switch (random.Next(14))
        {
            case 0 or 1 or 2 when isThere:
                device.Say(conversation, $"{device.Handle} {step}");
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
            case 8 when isThere && device != account.Bob:
                device.Host.Run(engine => engine.SetDraft(conversation, $"draft {step}"));
                break;
            case 9 when own.Count < 3 && account.First.IsConnected && account.First.Store.WritesLeft is null:
                TestDevice further = account.Certify();
                own.Add(further);
                account.Admit(further);
                break;
            case 10 when groups.Count < 4:
                groups.Add(account.Bob.Create(ConversationKind.Group, $"group {step}", account.First));
                break;
            case 11 when device.IsConnected:
                device.Receive(repeat: random.Next(4));
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
