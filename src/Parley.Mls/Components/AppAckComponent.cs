using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Components;

/// <summary>
/// draft-ietf-mls-extensions-09 §6.1: takes AppAcks of members. Registered under <see cref="ComponentId.AppAck"/>; they are made by
/// <see cref="Groups.Group.CreateAppAck"/> and looked at with <see cref="Groups.Group.Compare"/>.
/// </summary>
public sealed class AppAckComponent : IAppComponent
{
    /// <inheritdoc/>
    public bool IsValid(ComponentProposal ephemeral)
    {
        ArgumentNullException.ThrowIfNull(ephemeral);
        return ephemeral.Sender is Sender.Member && Tls.TryDecode(ephemeral.Data.Span, out AppAck? _, out _);
    }
}
