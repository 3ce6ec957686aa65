using System.Diagnostics;
using Parley.Contracts.Identity;
using Parley.Server.Log;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// A cursor into one log on one connection. It is *live* while every entry that is published follows its cursor and there is room to
/// send it; then the event goes straight to the connection. Otherwise it is *behind*, and the connection's catch-up loop reads from
/// the store until the cursor has reached all that was published meanwhile. Either way each entry is sent once, in order: the cursor
/// moves only forward, one number at a time, and only by one of the two.
/// </summary>
internal sealed class Subscription
{
    /// <summary>About how much is read from the store at once.</summary>
    public const int PageBytes = 128 * 1024;

    private readonly Outbound _outbound;
    private readonly SubscriptionSet _set;

    // Protects the fields below. While behind, only the catch-up loop moves the cursor. A frame is written while the lock is held,
    // so that cursor and connection agree; the connection's own lock is the only one taken inside it, and takes none itself.
    private readonly Lock _gate = new();
    private long _logId;
    private ulong _cursor;
    private ulong _through = ulong.MaxValue;
    private ulong _published;
    private bool _woken;
    private bool _live;
    private bool _ended;

    public Subscription(LogName log, DeviceId device, Outbound outbound, SubscriptionSet set)
    {
        Log = log;
        Device = device;
        _outbound = outbound;
        _set = set;
    }

    public LogName Log { get; }

    public DeviceId Device { get; }

    /// <summary>The store's number for the log; 0 until the subscription has begun.</summary>
    public long LogId
    {
        get
        {
            lock (_gate)
                return _logId;
        }
    }

    /// <summary>
    /// Starts at the client's cursor; behind, unless the log ends there. The caller enlists with <see cref="Subscribers"/> first and asks the
    /// store for the access second, so what is not in the store then is published to this, before or after.
    /// </summary>
    public void Begin(LogAccess access, ulong after)
    {
        lock (_gate)
        {
            _logId = access.LogId;
            _cursor = Math.Max(after, access.After);
            _through = Math.Min(_through, access.Through ?? ulong.MaxValue);
            _live = _cursor >= access.Head && _published <= _cursor && _cursor < _through && !_woken && !_ended;
            if (_live)
                return;
        }

        _set.FallBehind(this);
    }

    /// <summary>Sends the entry if it is the next one and there is room.</summary>
    /// <param name="sequence">The entry's number.</param>
    /// <param name="frame">The entry as a frame, shared by all subscribers.</param>
    /// <param name="isLast">Whether it removes the device, which may read no further.</param>
    /// <returns>Whether it was sent; if not, it is read from the store, or was sent before.</returns>
    public bool Offer(ulong sequence, byte[] frame, bool isLast)
    {
        lock (_gate)
        {
            _published = Math.Max(_published, sequence);
            if (isLast)
                _through = Math.Min(_through, sequence);
            if (!_live || (sequence <= _cursor && _cursor < _through))
                return false;
            if (sequence == _cursor + 1 && sequence < _through && _outbound.TryWrite(frame))
            {
                _cursor = sequence;
                return true;
            }

            _live = false;
        }

        ServerMetrics.FellBehind();
        _set.FallBehind(this);
        return false;
    }

    /// <summary>Says that there is something new in the store.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            if (!_live)
                return;
            _live = false;
        }

        _set.FallBehind(this);
    }

    /// <summary>Says how far the store is. Whoever is not, though nothing is on its way to them, has missed something.</summary>
    public void Reach(ulong head)
    {
        lock (_gate)
        {
            _published = Math.Max(_published, head);
            if (!_live || head <= _cursor)
                return;
            _live = false;
        }

        ServerMetrics.FellBehind();
        _set.FallBehind(this);
    }

    /// <summary>Nothing is sent after this returns.</summary>
    public void End()
    {
        lock (_gate)
            (_ended, _live) = (true, false);
    }

    /// <summary>Sends one page from the store. Called by the catch-up loop alone, while the subscription is behind.</summary>
    public async ValueTask<CatchUpState> SendPageAsync(ILogStore store)
    {
        ulong cursor;
        bool expectsMore;
        lock (_gate)
        {
            if (_cursor >= _through)
                return CatchUpState.Ended;
            _woken = false;
            cursor = _cursor;
            expectsMore = _published > _cursor;
        }

        using Activity? span = ServerMetrics.Traces.StartActivity("catch_up");
        IReadOnlyList<StoredEntry> page = await store.ReadAsync(_logId, Device, cursor, PageBytes);
        span?.SetTag("envelopes", page.Count);

        // There is more, and not for this device: it was removed by an entry that this node was not told of.
        ulong through = page.Count == 0 && expectsMore ? await FindThroughAsync(store, cursor) : ulong.MaxValue;
        lock (_gate)
        {
            _through = Math.Min(_through, through);
            if (page.Count > 0)
            {
                // A device that was removed and added again reads on in a new subscription.
                if (page[0].Sequence != cursor + 1 || page[0].Sequence > _through || _ended)
                    return CatchUpState.Ended;
                _outbound.Write(Frames.Events(Log, page));
                ServerMetrics.DeliveredFromStore(page.Count);
                _cursor = page[^1].Sequence;
            }

            _live = page.Count == 0 && !_woken && _published <= _cursor && _cursor < _through && !_ended;
            return _live ? CatchUpState.Live : CatchUpState.Behind;
        }
    }

    /// <summary>The last entry the device may read in this stretch of its membership; none if the stretch has ended.</summary>
    private async ValueTask<ulong> FindThroughAsync(ILogStore store, ulong cursor) =>
        await store.FindAccessAsync(Log, Device, cursor) is { } access && access.After <= cursor ? access.Through ?? ulong.MaxValue : 0;
}

/// <summary>Where a subscription stands after a page was sent.</summary>
internal enum CatchUpState
{
    /// <summary>There may be more in the store.</summary>
    Behind,

    /// <summary>It takes events as they are published.</summary>
    Live,

    /// <summary>The device has read all that it may.</summary>
    Ended,
}
