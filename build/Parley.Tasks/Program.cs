using Parley.Tasks;

// The steps that are more than a few lines of shell, once for every platform: `test [NAME...]` and `test --help`.
string[] names = args is ["test", .. var rest] ? rest : [];
if (args is not ["test", ..] || names.Any(name => name is "--help" or "-h" or "-?"))
{
    Console.WriteLine("Usage: test [NAME...]   Runs all tests, or the named parts.");
    Console.WriteLine();
    foreach (TestPart part in TestPart.All)
        Console.WriteLine($"  {part.Name,-12} {part.About}");
    return args is ["test", ..] ? 0 : 2;
}

if (!TestPart.TrySelect(names, out IReadOnlyList<TestPart> selected, out string? unknown))
{
    Console.Error.WriteLine($"There is no part named '{unknown}'. The parts are: {string.Join(", ", TestPart.All.Select(part => part.Name))}.");
    return 2;
}

Repository repository = Repository.Find();
return new TestRun(repository, TimeProvider.System, Console.Out, wanted: names.Length > 0).Run(selected);
