using System.Collections.Concurrent;

namespace Parley.Server.Sequencing;

/// <summary>
/// The sequencers whose grains are awake on this node. An append that comes in here goes straight to one: a message from grain to grain
/// costs several times what ordering does. That it may be the wrong one, because its grain has just gone, is what the store is for.
/// </summary>
internal sealed class Sequencers(SequencerServices services)
{
    private readonly ConcurrentDictionary<string, Sequencer> _byLog = new(StringComparer.Ordinal);

    /// <summary>A sequencer for a log whose grain has woken.</summary>
    /// <param name="log">The log's <see cref="Log.LogName.Key"/>.</param>
    /// <param name="stepDown">Makes the grain go, when there turns out to be another.</param>
    public Sequencer Open(string log, Action stepDown) => _byLog[log] = new Sequencer(services, stepDown);

    public void Close(string log, Sequencer sequencer)
    {
        sequencer.Close();
        _byLog.TryRemove(new(log, sequencer));
    }

    /// <summary>Null if the log's grain is on another node, or nowhere.</summary>
    public Sequencer? Find(string log) => _byLog.GetValueOrDefault(log);
}
