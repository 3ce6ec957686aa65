using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Sodium;

namespace Parley.Bench.Server;

/// <summary>The real server program, on a data folder that is thrown away.</summary>
internal sealed class ServerUnderLoad : IAsyncDisposable
{
    private static readonly string[] UnlimitedSettings =
    [
        "REQUESTS_PER_SECOND", "SIGN_UPS_PER_HOUR", "SIGN_INS_PER_MINUTE", "SESSIONS_PER_MINUTE", "CONNECTIONS_PER_ADDRESS", "CONNECTIONS_PER_ACCOUNT",
        "ANONYMOUS_CONNECTIONS", "CONNECTIONS", "GROUPS_PER_HOUR", "APPENDS_PER_SECOND", "APPEND_KILOBYTES_PER_SECOND", "GROUP_APPENDS_PER_SECOND",
        "GROUP_KILOBYTES_PER_SECOND", "FRAMES_PER_SECOND",
    ];

    private readonly Process _process;
    private readonly DirectoryInfo _data;
    private readonly HttpClient _http;
    private readonly string _invite;
    private readonly string _name;

    private ServerUnderLoad(Process process, DirectoryInfo data, Uri address, string invite)
    {
        _process = process;
        _data = data;
        _invite = invite;
        _name = address.Authority;
        Address = address;
        _http = new HttpClient { BaseAddress = address };
    }

    public Uri Address { get; }

    /// <summary>Processor time the server has used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static async Task<ServerUnderLoad> StartAsync(int accounts, CancellationToken cancellationToken)
    {
        DirectoryInfo data = Directory.CreateTempSubdirectory("parley-bench-");
        Uri address = FreeAddress();
        ProcessStartInfo start = CorePinning.OnServerCore(ServerProgram(), ["run", "--listen", address.AbsoluteUri, "--data", data.FullName]);
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;

        // The load comes from one address and few accounts.
        foreach (string limit in UnlimitedSettings)
            start.Environment["PARLEY_" + limit] = "1000000";
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The server does not start.");
        await LineAsync(process, "data in", cancellationToken);
        return new ServerUnderLoad(process, data, address, await InviteAsync(data.FullName, accounts, cancellationToken));
    }

    /// <summary>Registers devices and signs them in.</summary>
    public async Task<IReadOnlyList<LoadDevice>> SignUpAsync(int count, CancellationToken cancellationToken)
    {
        var devices = new LoadDevice[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken }, async (i, token) => devices[i] = await SignUpAsync("load" + i, token));
        return devices;
    }

    /// <summary>Makes a group's log.</summary>
    public async Task CreateGroupAsync(byte[] group, LoadDevice creator, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Routes.GroupById.Replace("{group}", Convert.ToHexStringLower(group)));
        request.Headers.Authorization = new("Bearer", creator.Token);
        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _data.Delete(recursive: true);
    }

    private async Task<LoadDevice> SignUpAsync(string handle, CancellationToken cancellationToken)
    {
        byte[] accountSeed = RandomNumberGenerator.GetBytes(Ed25519.SeedBytes);
        byte[] deviceSeed = RandomNumberGenerator.GetBytes(Ed25519.SeedBytes);
        if (!Handle.TryParse(handle, out Handle? parsed) || !DeviceId.TryParse(RandomNumberGenerator.GetBytes(Limits.DeviceIdBytes), out DeviceId id))
            throw new InvalidOperationException("The load program's names are wrong.");
        var certificate = DeviceCertificate.Issue(parsed, _name, PublicKeyOf(accountSeed), PublicKeyOf(deviceSeed), id, DateTimeOffset.UtcNow, content => Sign(accountSeed, content));
        using HttpResponseMessage registered = await _http.PostAsJsonAsync(Routes.Accounts, new NewAccount(_invite, certificate.Encoded.ToArray()), ResourcesJson.Default.NewAccount, cancellationToken);
        registered.EnsureSuccessStatusCode();

        using HttpResponseMessage challenged = await _http.PostAsJsonAsync(Routes.Challenges, new NewChallenge(id.ToArray()), ResourcesJson.Default.NewChallenge, cancellationToken);
        Challenge challenge = await challenged.Content.ReadFromJsonAsync(ResourcesJson.Default.Challenge, cancellationToken) ?? throw new InvalidOperationException("No challenge.");
        byte[] signature = Sign(deviceSeed, SignedContent.SignIn(_name, id, challenge.Bytes));
        using HttpResponseMessage signedIn = await _http.PostAsJsonAsync(Routes.Sessions, new NewSession(id.ToArray(), challenge.Bytes, signature), ResourcesJson.Default.NewSession, cancellationToken);
        Session session = await signedIn.Content.ReadFromJsonAsync(ResourcesJson.Default.Session, cancellationToken) ?? throw new InvalidOperationException("No session.");
        return new LoadDevice(id, session.Token);
    }

    private static async Task<string> InviteAsync(string data, int uses, CancellationToken cancellationToken)
    {
        using Process invite = Process.Start(new ProcessStartInfo(ServerProgram(), ["invite", "--data", data, "--uses", uses.ToString()]) { UseShellExecute = false, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("The server does not start.");
        string line = await LineAsync(invite, "./parley join", cancellationToken);
        await invite.WaitForExitAsync(cancellationToken);
        return line.Trim()[(line.Trim().LastIndexOf('/') + 1)..];
    }

    private static async Task<string> LineAsync(Process process, string text, CancellationToken cancellationToken)
    {
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException("The server has ended.");
    }

    /// <summary>The server that was built with this program: artifacts/bin/Parley.Server/release beside artifacts/bin/Parley.Bench/release.</summary>
    private static string ServerProgram()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string name = OperatingSystem.IsWindows() ? "parley-server.exe" : "parley-server";
        return Path.GetFullPath(Path.Combine(own.FullName, "..", "..", "Parley.Server", own.Name, name));
    }

    private static Uri FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}");
    }

    private static byte[] PublicKeyOf(byte[] seed)
    {
        byte[] key = new byte[Ed25519.PublicKeyBytes];
        Ed25519.DerivePublicKey(seed, key);
        return key;
    }

    private static byte[] Sign(byte[] seed, ReadOnlySpan<byte> content)
    {
        byte[] signature = new byte[Ed25519.SignatureBytes];
        Ed25519.Sign(seed, PublicKeyOf(seed), content, signature);
        return signature;
    }
}

/// <summary>A device that has signed in.</summary>
internal sealed record LoadDevice(DeviceId Id, string Token);
