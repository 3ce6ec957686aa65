using CsCheck;
using Parley.Mls.Messages.Codec;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>What fuzzing has found worth keeping, replayed, and a few seconds of new random changes to it (docs/fuzzing.md).</summary>
public sealed class FuzzTargetTests
{
    private const int MutationSeconds = 2;

    public static TheoryData<string> Names => [.. FuzzTarget.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_kept_input_and_every_seed_runs(string name)
    {
        foreach (byte[] input in Inputs(name))
            Run(name, input);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_changes_of_kept_inputs_run(string name)
    {
        byte[][] inputs = [.. Inputs(name)];
        Gen<byte[]> mutated = Gen.Select(Gen.Int[0, inputs.Length - 1].Select(i => inputs[i]), Gen.Int[0, inputs.Length - 1].Select(i => inputs[i]), Gen.Select(Gen.Int[0, 5], Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue], Gen.Byte).Array[1, 4])
            .Select(static (input, other, changes) => changes.Aggregate(input, (bytes, change) => Mutate(bytes, other, change.Item1, change.Item2, change.Item3, change.Item4)));
        mutated.Sample(input => Run(name, input), time: MutationSeconds, threads: 1, print: Convert.ToBase64String);
    }

    [Fact]
    public void Every_structure_is_decoded()
    {
        IEnumerable<Type> structures = typeof(Tls).Assembly.GetTypes()
            .Where(static type => Array.Exists(type.GetInterfaces(), i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ITlsStruct<>) && i.GenericTypeArguments[0] == type));
        Assert.Empty(structures.Except(DecodeTarget.Structures));
    }

    [Fact]
    public void Honest_content_is_accepted_once_the_forge_has_completed_it()
    {
        var target = new HandshakeTarget();
        Assert.All(target.Seeds, seed =>
        {
            target.Run(seed);
            Assert.Equal(0, target.Refused);
        });
    }

    private static IEnumerable<byte[]> Inputs(string name) => Corpus.Read(name).Concat(FuzzTarget.All[name].Seeds);

    private static void Run(string name, byte[] input)
    {
        try
        {
            FuzzTarget.All[name].Run(input);
        }
        catch (Exception broken)
        {
            throw new InvalidOperationException($"The input {Convert.ToBase64String(input)} breaks {name}: {broken.Message}", broken);
        }
    }

    private static byte[] Mutate(byte[] input, byte[] other, int kind, int place, int length, byte value)
    {
        int start = place % (input.Length + 1);
        int end = start + (length % (Math.Min(input.Length - start, 16) + 1));
        return kind switch
        {
            0 => [.. input[..start], value, .. input[start..]],
            1 => [.. input[..start], .. input[end..]],
            2 => [.. input[..end], .. input[start..]],
            3 => [.. input[..start], .. other[(length % (other.Length + 1))..]],
            _ => [.. input[..start], .. Enumerable.Repeat(value, end - start), .. input[end..]],
        };
    }
}
