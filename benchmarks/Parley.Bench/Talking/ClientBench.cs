using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Parley.Bench.Server.Measuring;
using Parley.Bench.Server.Systems;
using Parley.Client;
using Parley.Client.Store;

namespace Parley.Bench.Talking;

/// <summary>
/// Two whole clients, each with an encrypted profile on the disk, over a real server with durable storage, all on one machine. Nothing is pinned: this is
/// what two people at one machine would get.
/// </summary>
internal static class ClientBench
{
    private const int TextChars = 100;

    private static readonly JsonSerializerOptions RowJson = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Measures everything, prints a table, and writes the rows to the file if there is one.</summary>
    public static async Task<int> RunAsync(FileInfo? file, bool isQuick, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("parley-bench-client-");
        var rows = new List<ClientRow>();
        try
        {
            await using ParleyStore store = await ParleyStore.CreateAsync(usesPostgres: false, cancellationToken);
            await using ParleyProcess server = await ParleyProcess.StartAsync(store, cancellationToken);
            string code = await server.InviteAsync(cancellationToken);
            await using Talker alice = await Talker.SignUpAsync(Path.Combine(folder.FullName, "alice"), server.Address, code, "alice", cancellationToken);
            await using Talker bob = await Talker.SignUpAsync(Path.Combine(folder.FullName, "bob"), server.Address, code, "bob", cancellationToken);
            alice.Client.Start();
            bob.Client.Start();
            ConversationId conversation = (await alice.Client.OpenDirectAsync(bob.Client.Self, cancellationToken)).Value;
            rows.AddRange(await MeasureLatencyAsync(alice, bob, conversation, isQuick ? 20 : 500, cancellationToken));
            rows.AddRange(await MeasureCatchUpAsync(alice, bob, conversation, isQuick ? 100 : 10_000, cancellationToken));
            rows.AddRange(await MeasureHandOverAsync(alice, server.Address, Path.Combine(folder.FullName, "alice-second"), conversation, cancellationToken));
            rows.AddRange(await MeasureStartAsync(bob, conversation, isQuick ? 1_000 : 100_000, cancellationToken));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        Console.WriteLine("| work | figure | target |\n|---|--:|--:|");
        foreach (ClientRow row in rows)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {row.Work} | {row.Value:0.##} {row.Unit} | {row.Target} |"));
        if (file is not null)
            await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(rows, RowJson), cancellationToken);
        return 0;
    }

    /// <summary>From the call that sends to the item in the other's timeline, one message at a time.</summary>
    private static async Task<IReadOnlyList<ClientRow>> MeasureLatencyAsync(Talker alice, Talker bob, ConversationId conversation, int count, CancellationToken cancellationToken)
    {
        var latencies = new Latencies();
        long before = 0;
        for (int i = -count / 5; i < count; i++)
        {
            // The first ones are for the compiler.
            if (i == 0)
            {
                latencies.Reset();
                before = alice.Store.Bytes;
            }

            string text = Text(i);
            Task seen = bob.SeesAsync(conversation, text, cancellationToken);
            long sentAt = Stopwatch.GetTimestamp();
            Send(alice, conversation, text);
            await seen;
            latencies.Add(sentAt, Stopwatch.GetTimestamp());
        }

        await alice.Client.FlushAsync(cancellationToken);
        return
        [
            new("send_to_shown_p50", latencies.Percentile(50) / 1000, "ms", "5"),
            new("send_to_shown_p99", latencies.Percentile(99) / 1000, "ms", ""),
            new("bytes_written_by_sender", (alice.Store.Bytes - before) / (double)count - TextChars, "B beyond the text", "1024 in a group of 1,000"),
        ];
    }

    private static async Task<IReadOnlyList<ClientRow>> MeasureCatchUpAsync(Talker alice, Talker bob, ConversationId conversation, int count, CancellationToken cancellationToken)
    {
        await bob.DisposeAsync();
        long fileBefore = FileBytes(bob);
        for (int i = 0; i < count; i++)
            Send(alice, conversation, Text(i));
        await alice.Client.FlushAsync(cancellationToken);
        await bob.ReopenAsync(conversation, cancellationToken);
        long started = Stopwatch.GetTimestamp();
        bob.Client.Start();
        ClientResult caughtUp = await bob.Client.CatchUpAsync(cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (!caughtUp.Succeeded || bob.Client.ReadTimeline(conversation, 1) is not [{ Content: TimelineContent.Text { Body: var last } }] || last != Text(count - 1))
            throw new InvalidOperationException("Not all messages have come.");
        long written = bob.Store.Bytes;
        long batches = bob.Store.Batches;
        await bob.ReopenAsync(conversation, cancellationToken);
        return
        [
            new("catch_up", count / seconds, "messages/s", "5000"),
            new("catch_up_bytes_written", (double)written / count, "B a message", ""),
            new("catch_up_batches", batches, "batches", ""),
            new("store_bytes", (FileBytes(bob) - fileBefore) / (double)count, "B a message", ""),
        ];
    }

    /// <summary>A second device is linked, and handed the whole conversation by the first: from its coming up to the last message stored.</summary>
    private static async Task<IReadOnlyList<ClientRow>> MeasureHandOverAsync(Talker alice, Uri server, string folder, ConversationId conversation, CancellationToken cancellationToken)
    {
        await using Talker second = await Talker.LinkAsync(folder, server, alice, cancellationToken);
        long started = Stopwatch.GetTimestamp();
        long before = alice.Store.Bytes;
        second.Client.Start();
        ClientResult<int> shared = await alice.Client.AddDevicesToConversationsAsync(second.Client.Device, cancellationToken);
        bool hasSettled = await second.Client.SettleAsync(second.Client.Device, TimeSpan.FromMinutes(1), static (_, _) => { }, cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        int handed = second.Client.ReadTimeline(conversation, int.MaxValue).Count(static item => item.Content is TimelineContent.Text);
        int there = alice.Client.ReadTimeline(conversation, int.MaxValue).Count(static item => item.Content is TimelineContent.Text);
        if (!shared.Succeeded || !hasSettled || handed != there)
            throw new InvalidOperationException("The history has not been handed over.");
        return
        [
            new("hand_over", handed / seconds, "messages/s", ""),
            new("hand_over_bytes_written_by_giver", (double)(alice.Store.Bytes - before) / handed, "B a message", ""),
        ];
    }

    /// <summary>
    /// The items there are, over and over, until there are so many; then the client and the program are started anew. The copies are found by nobody, as the
    /// conversation's own record does not count them, but they are as many rows in the same tables.
    /// </summary>
    private static async Task<IReadOnlyList<ClientRow>> MeasureStartAsync(Talker bob, ConversationId conversation, int items, CancellationToken cancellationToken)
    {
        byte[] prefix = StoreKey.Of("c/"u8.ToArray(), conversation.ToArray(), "t"u8.ToArray());
        IReadOnlyList<StoreEntry> stored = bob.Store.Read(new StoreRange(prefix));
        for (int next = stored.Count; next < items; next += stored.Count)
        {
            var batch = new StoreBatch();
            for (int i = 0; i < stored.Count; i++)
                batch.Put(StoreKey.Of("c/"u8.ToArray(), conversation.ToArray(), "u"u8.ToArray(), StoreKey.OfNumber(next + i)), stored[i].Value);
            bob.Store.Write(batch);
        }

        var opened = new List<double>();
        for (int i = 0; i < 11; i++)
            opened.Add((await bob.ReopenAsync(conversation, cancellationToken)).TotalMilliseconds);
        await bob.DisposeAsync();
        var programs = new List<double>();
        for (int i = 0; i < 7; i++)
            programs.Add((await RunTerminalAsync(bob.Folder, cancellationToken)).TotalMilliseconds);
        double resident = await MeasureMemoryAsync(bob.Folder, cancellationToken);
        await bob.ReopenAsync(conversation, cancellationToken);
        return
        [
            new("open_profile", Median(opened), "ms", ""),
            new("start_program", Median(programs), "ms", "200"),
            new("resident_memory", resident, "MB", "80"),
        ];
    }

    /// <summary>The whole program, from its start to its end: it opens the account and says who it is.</summary>
    private static async Task<TimeSpan> RunTerminalAsync(string profile, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        using Process program = StartTerminal("whoami", "--profile", profile);
        await program.StandardOutput.ReadToEndAsync(cancellationToken);
        await program.WaitForExitAsync(cancellationToken);
        return program.ExitCode == 0 ? Stopwatch.GetElapsedTime(started) : throw new InvalidOperationException("The terminal client has failed.");
    }

    /// <summary>What a program that follows all conversations holds, once it has shown what there is.</summary>
    private static async Task<double> MeasureMemoryAsync(string profile, CancellationToken cancellationToken)
    {
        using Process program = StartTerminal("read", "--count", "50", "--follow", "--json", "--profile", profile);
        for (int i = 0; i < 20; i++)
            await program.StandardOutput.ReadLineAsync(cancellationToken);
        program.Refresh();
        double resident = program.WorkingSet64 / 1e6;
        program.Kill();
        await program.WaitForExitAsync(cancellationToken);
        return resident;
    }

    /// <summary>The program that was built beside this one.</summary>
    private static Process StartTerminal(params string[] arguments)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string program = Path.GetFullPath(Path.Combine(own.FullName, "..", "..", "Parley.Terminal", own.Name, OperatingSystem.IsWindows() ? "parley.exe" : "parley"));
        return Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!; // A program that cannot be started throws.
    }

    private static void Send(Talker sender, ConversationId conversation, string text)
    {
        if (!sender.Client.Send(conversation, new OutgoingMessage.Text(text)).Succeeded)
            throw new InvalidOperationException("A message was refused.");
    }

    private static long FileBytes(Talker talker) => new FileInfo(Path.Combine(talker.Folder, "parley.db")).Length;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture).PadLeft(TextChars, '.');

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;
}
