using Parley.Fuzz;
using Parley.Mls.Tests.Fuzzing;

// `fuzz TARGET [MINUTES]` fuzzes one target; AFL++ calls `fuzz --worker TARGET` for it.
switch (args)
{
    case ["--worker", { } worked]:
        FuzzTarget target = FuzzTarget.All[worked];
        SharpFuzz.Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            if (input.Length <= FuzzTarget.InputBytesMax)
                target.Run(input.GetBuffer().AsSpan(0, (int)input.Length));
        });
        return 0;
    case [{ } name, .. { Length: <= 1 } rest] when FuzzTarget.All.ContainsKey(name):
        return new FuzzRun(name, TimeSpan.FromMinutes(rest is [{ } minutes] ? double.Parse(minutes, System.Globalization.CultureInfo.InvariantCulture) : 10)).Run();
    case ["--input", { } tried, { } input]:
        FuzzTarget.All[tried].Run(Convert.FromBase64String(input));
        return 0;
    default:
        Console.Error.WriteLine($"Usage: fuzz TARGET [MINUTES]   The targets are: {string.Join(", ", FuzzTarget.All.Keys)}.");
        return 2;
}
