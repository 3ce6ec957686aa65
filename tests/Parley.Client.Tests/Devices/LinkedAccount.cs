using Parley.Client.Tests.Engine;

namespace Parley.Client.Tests.Devices;

/// <summary>alice with a first device, bob, what they have said to each other, and what it takes to give alice a second device.</summary>
internal sealed class LinkedAccount : IDisposable
{
    public LinkedAccount(int messages = 5)
    {
        First = Fixture.Join("alice");
        Bob = Fixture.Join("bob");
        Direct = First.Create(ConversationKind.Direct, "bob", Bob);
        Fixture.Settle();
        for (int i = 0; i < messages; i++)
            (i % 2 == 0 ? First : Bob).Say(Direct, $"{i}");
        Fixture.Settle();
    }

    public EngineFixture Fixture { get; } = new();

    public TestDevice First { get; }

    public TestDevice Bob { get; }

    public ConversationId Direct { get; }

    /// <summary>A device that the account key has certified and that is not in the group of the account's devices yet.</summary>
    public TestDevice Certify() => Fixture.Join("alice", besides: First);

    /// <summary>A further device, added to the group of the account's devices by the first one.</summary>
    public TestDevice Link()
    {
        TestDevice second = Certify();
        Admit(second);
        return second;
    }

    /// <summary>Adds a device to the group of the account's devices, without anybody having acted on it yet.</summary>
    public void Admit(TestDevice device)
    {
        IReadOnlyList<byte[]> claimed = Fixture.Server.Claim("alice");
        Assert.True(First.Host.Run(engine => engine.AddToDevices(claimed, device.Device, Fixture.Time.GetUtcNow())).Succeeded);
    }

    public void Dispose() => Fixture.Dispose();
}
