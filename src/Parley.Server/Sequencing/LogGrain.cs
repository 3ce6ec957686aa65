using Orleans.Concurrency;
using Orleans.Placement;

namespace Parley.Server.Sequencing;

/// <summary>Sees to it that a log has one <see cref="Sequencer"/> in the whole cluster, and takes the appends that come in on other nodes.</summary>
[Reentrant]
[PreferLocalPlacement]
internal sealed class LogGrain(Sequencers sequencers) : Grain, ILogGrain
{
    private Sequencer? _sequencer;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _sequencer = sequencers.Open(this.GetPrimaryKeyString(), StepDown);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Close();
        return Task.CompletedTask;
    }

    public Task<AppendOutcome> AppendAsync(AppendRequest request) => _sequencer!.AppendAsync(request); // Not null: a grain is activated before it is called.

    public Task WakeAsync() => Task.CompletedTask;

    private void StepDown()
    {
        Close();

        // Not DeactivateOnIdle, which a grain that is going already does not take.
        GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "Another sequencer has the log."));
    }

    private void Close() => sequencers.Close(this.GetPrimaryKeyString(), _sequencer!); // Not null, as above.
}
