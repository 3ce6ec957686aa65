using System.Net;
using Parley.Server.Tests.Faults;
using Parley.Server.Tests.Hosting;

namespace Parley.Server.Tests.Clustering;

/// <summary>
/// A node in a process of its own, under something that starts it again when it ends, as every node should be. Its memory is limited, so
/// that it ends out of turn if something stays behind.
/// </summary>
internal sealed class TestNode : RemoteServer
{
    // What waits for the disk may be 64 of them.
    private const int HeapMegabytes = 128;

    private readonly IReadOnlyList<string> _through;
    private readonly IReadOnlyDictionary<string, string> _variables;
    private readonly string[] _arguments;
    private TaskCompletionSource<(int ExitCode, string Errors)> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ServerProcess _process;
    private bool _hasStarted;
    private volatile bool _ending;

    private TestNode(Uri address, IPEndPoint clusterAddress, IReadOnlyList<string> through, IReadOnlyDictionary<string, string> variables, string program, string[] arguments)
        : base(address)
    {
        Program = program;
        ClusterAddress = clusterAddress;
        _through = through;
        _variables = variables;
        _arguments = arguments;
        _process = StartProcess();
        Supervising = SuperviseAsync();
    }

    public IPEndPoint ClusterAddress { get; }

    /// <summary>The process that runs now.</summary>
    public ServerProcess Process => _process;

    /// <summary>What is started the next time.</summary>
    public string Program { get; set; }

    /// <summary>What the process had to say that has ended last, since it served.</summary>
    public string LastOutput { get; private set; } = "";

    private Task Supervising { get; }

    /// <summary>Starts a node and returns when it serves.</summary>
    public static async Task<TestNode> StartAsync(string database, IPAddress? at = null, IReadOnlyList<string>? through = null, string? program = null)
    {
        string host = (at ?? IPAddress.Loopback).ToString();
        var metrics = new Uri($"http://{host}:{new Uri(ServerProcess.FreeAddress()).Port}");
        var listen = new Uri($"http://{host}:{new Uri(ServerProcess.FreeAddress()).Port}");
        var cluster = IPEndPoint.Parse($"{host}:{new Uri(ServerProcess.FreeAddress()).Port}");
        Dictionary<string, string> variables = MemoryLevel.LimitedTo(HeapMegabytes);
        variables["PARLEY_DATABASE"] = database;
        var node = new TestNode(listen, cluster, through ?? [], variables, program ?? ServerProcess.Program, ["run", "--listen", listen.GetLeftPart(UriPartial.Authority), "--name", TestServer.Name, "--cluster-listen", cluster.ToString(), "--metrics-listen", metrics.GetLeftPart(UriPartial.Authority)]);
        await node.StartedAsync();
        return node;
    }

    /// <summary>Returns when the process that runs now, or the next one if it has ended, serves.</summary>
    public Task StartedAsync() => _started.Task.WaitAsync(TimeSpan.FromSeconds(120));

    /// <summary>How the process that serves now ends; the next is started by then.</summary>
    public Task<(int ExitCode, string Errors)> EndAsync() => _ended.Task.WaitAsync(TimeSpan.FromSeconds(120));

    public void Signal(string signal) => _process.Signal(signal);

    public override async ValueTask DisposeAsync()
    {
        _ending = true;
        Signal("-KILL");
        await Supervising;
        await base.DisposeAsync();
    }

    private async Task SuperviseAsync()
    {
        while (true)
        {
            await using ServerProcess process = _process;
            try
            {
                await process.LineAsync("data in");
                _started.TrySetResult();
                _hasStarted = true;
            }
            catch (InvalidOperationException) when (_hasStarted && !_ending)
            {
                // It cannot start yet, because its database is away or the others cannot be reached: the next attempt may.
                _process = StartProcess();
                continue;
            }
            catch (InvalidOperationException e)
            {
                _started.TrySetException(e);
                return;
            }

            (int ExitCode, string Errors) end = await process.RunToEndAsync();
            LastOutput = process.Printed();
            TaskCompletionSource<(int ExitCode, string Errors)> ended = _ended;
            if (!_ending)
            {
                _ended = new TaskCompletionSource<(int ExitCode, string Errors)>(TaskCreationOptions.RunContinuationsAsynchronously);
                _started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _process = StartProcess();
            }

            ended.TrySetResult(end);
            if (_ending)
                return;
        }
    }

    private ServerProcess StartProcess() => ServerProcess.StartCommand([.. _through, Program, .. _arguments], _variables);
}
