using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>Two interop clients, each a process of its own, that are started when a test first asks for them.</summary>
public sealed class TwoProcesses : IDisposable
{
    private readonly List<InteropProcess> _processes = [];

    public IReadOnlyList<MLSClient.MLSClientClient> Clients()
    {
        while (_processes.Count < 2)
            _processes.Add(InteropProcess.Start());
        return [.. _processes.Select(static process => process.Client)];
    }

    public void Dispose() => _processes.ForEach(static process => process.Dispose());
}
