using CsCheck;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Tests.Memory;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// Whatever fails, fails without a trace: in a random state of a group, something that must be refused is tried, and after it the group
/// is what it was, in its store, in what it shows, and in every field it has; and goes on with the next honest message exactly as one
/// that never saw the bad one.
/// </summary>
public sealed class FailureTests(ITestOutputHelper output)
{
    [Fact]
    public void What_fails_leaves_the_group_byte_for_byte_as_it_was()
    {
        int refused = 0;
        int tried = 0;
        Gen.Int[0, int.MaxValue - 1].Sample(
            seed =>
            {
                using var attempt = new FailureAttempt(seed);
                Interlocked.Increment(ref tried);
                if (attempt.IsRefusedWithoutTrace())
                    Interlocked.Increment(ref refused);
            },
            iter: 200,
            threads: 1,
            print: static seed => $"attempt {seed}");
        output.WriteLine($"{refused} of {tried} were refused.");
        Assert.True(refused > tried / 2, $"Only {refused} of {tried} attempts were refused.");
    }

    [Fact]
    public void A_trace_would_be_found()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        byte[] message = world[0].Send("text");
        string store = world[1].Store.ToString();
        string image = StateImage.Of(world[1].Group);

        // A ratchet that moved and was not stored shows in the image alone.
        Forge.SealRaw(world[1], ContentType.Application, [0, 0]);
        Assert.NotEqual(image, StateImage.Of(world[1].Group));
        world[1].Group.TakeWrites();
        Assert.Equal(store, world[1].Store.ToString());

        image = StateImage.Of(world[2].Group);
        world[2].Refuses(MlsError.GenerationTooFarAhead, Forge.SealRaw(world[1], ContentType.Application, [0, 0], generation: 5000));
        Assert.Equal(image, StateImage.Of(world[2].Group));
        world[2].Read(message);
        Assert.NotEqual(image, StateImage.Of(world[2].Group));
    }
}
