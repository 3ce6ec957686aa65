using System.Buffers.Binary;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>
/// No key seals twice, whatever the nonce: every key of MLS and of HPKE is for one encryption. Seen at the crypto provider of each device, over
/// its whole life. What was sealed when the device died before the batch was written has left nothing behind, and does not count.
/// </summary>
internal sealed class KeysUsedOnce : Checker
{
    private readonly HashSet<UInt128> _used = [];
    private readonly Dictionary<SimulatedDevice, List<UInt128>> _unwritten = [];

    // The first half of a key is as good as all of it: chance will not make two that are alike.
    public override void Sealed(SimulatedDevice device, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce) => Of(device).Add(BinaryPrimitives.ReadUInt128LittleEndian(key));

    public override void Wrote(SimulatedDevice device, bool isWritten)
    {
        List<UInt128> sealedWith = Of(device);
        if (isWritten && sealedWith.Exists(key => !_used.Add(key)))
            throw Broken($"{device} seals twice with one key");
        sealedWith.Clear();
    }

    private List<UInt128> Of(SimulatedDevice device)
    {
        if (!_unwritten.TryGetValue(device, out List<UInt128>? keys))
            _unwritten.Add(device, keys = []);
        return keys;
    }
}
