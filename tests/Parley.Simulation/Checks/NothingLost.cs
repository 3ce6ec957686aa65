using Parley.Client;
using Parley.Client.Engine;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>
/// When the world is quiet, every text that a client has taken is in the log, or shown to its writer as failed; and everybody who may read an
/// entry of the log shows its text, in the log's order.
/// </summary>
internal sealed class NothingLost : Checker
{
    public override void IsQuiet(World world)
    {
        foreach (SimulatedDevice device in world.Honest)
        {
            CheckWritten(world, device);
            foreach (ConversationId conversation in world.Conversations)
                CheckRead(world, device, conversation);
        }
    }

    private void CheckWritten(World world, SimulatedDevice device)
    {
        Dictionary<string, DeliveryState> shown = [];
        foreach (TimelineItem item in world.SightOf(device).Whole.Values.SelectMany(static items => items))
        {
            if (item.Content is TimelineContent.Text text)
                shown[text.Body] = item.State;
        }

        foreach (Said said in world.Said.Values.Where(said => said.By == device && said.IsAccepted && !world.Durable.Contains(said.Text)))
        {
            bool isShown = shown.TryGetValue(said.Text, out DeliveryState state);
            bool isKept = state == DeliveryState.Failed || ((world.SightOf(device).IsRolledBack || world.IsOutvoted(device, said.In)) && state is DeliveryState.Queued or DeliveryState.Sending);
            if (!isShown || !isKept)
                throw Broken($"“{said.Text}” is not in the log, and its writer shows it {(isShown ? $"as {state}" : "not at all")}");
        }
    }

    private void CheckRead(World world, SimulatedDevice device, ConversationId conversation)
    {
        // A device that was removed before it saw its message come back, and was added again, sends it again: it cannot read that stretch of the log
        // any more. Whoever has it shows it where it came first.
        List<string> log = [.. world.Server.Readable(new LogId(conversation), device.Id).Select(world.TextOf).OfType<Said>().Select(static said => said.Text).Distinct()];
        IReadOnlyList<TimelineItem> items = world.SightOf(device).Whole.GetValueOrDefault(conversation, []);
        HashSet<string> inLog = [.. log];
        List<string> shown = [.. items.Where(static item => item.State != DeliveryState.Failed).Select(static item => item.Content).OfType<TimelineContent.Text>().Select(static text => text.Body).Where(inLog.Contains)];
        if (shown.SequenceEqual(log))
            return;
        List<string> missing = [.. log.Except(shown)];
        bool isRolledBack = world.SightOf(device).IsRolledBack;

        // What it has forgotten altogether it cannot explain; and what was queued in the copy and sent before it was restored, it sends again.
        if (isRolledBack && (missing.Count == 0 || !world.SightOf(device).Whole.ContainsKey(conversation)))
            return;
        if (missing.Count == 0)
        {
            int place = shown.Zip(log).TakeWhile(static pair => pair.First == pair.Second).Count();
            throw Broken($"{device} shows “{shown.ElementAtOrDefault(place)}” where the log has “{log.ElementAtOrDefault(place)}”");
        }

        if (!(isRolledBack || world.WasHit(device, conversation)) || !IsExplained(items, missing.Count))
            throw Broken($"{device} may read “{missing[0]}” and {missing.Count - 1} more, and does not show it");
    }

    /// <summary>Without a repair, what holds is that the client says in words that something cannot be read, or that the conversation cannot go on.</summary>
    private static bool IsExplained(IReadOnlyList<TimelineItem> items, int missing) =>
        items.Any(static item => EverythingExplained.SaysBroken(item.Content)) || items.Count(static item => item.Content is TimelineContent.Unreadable) >= missing;
}
