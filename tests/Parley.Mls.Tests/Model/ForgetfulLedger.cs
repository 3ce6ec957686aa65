using Parley.Mls.Components;
using Parley.Mls.Messages.Framing;

namespace Parley.Mls.Tests.Model;

/// <summary>A fault for the checkers to find: a component that replaces its data where it should append to it.</summary>
internal sealed class ForgetfulLedger : IAppComponent
{
    public ReadOnlyMemory<byte>? Update(ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentProposal> updates) => updates[^1].Data;

    public bool MayRemove(ReadOnlyMemory<byte> current, Sender sender) => true;

    public bool IsValid(ComponentProposal ephemeral) => true;
}
