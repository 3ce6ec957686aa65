using System.Buffers.Binary;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>
/// No key seals twice, whatever the nonce: every key of MLS and of HPKE is for one encryption. Seen at the crypto provider of each device, over
/// its whole life. What was sealed when the device died before the batch was written has left nothing behind, and does not count. A device that is
/// restored from an old copy learns from the log what it has sealed since, and from nothing else: what never got into a log does not count either.
/// </summary>
internal sealed class KeysUsedOnce : Checker
{
    private const int TagBytes = 16;

    // The first half of a key is as good as all of it, and so is a ciphertext's tag: chance will not make two that are alike.
    private readonly Dictionary<UInt128, (SimulatedDevice By, byte[] Tag)> _used = [];
    private readonly Dictionary<SimulatedDevice, List<(UInt128 Key, byte[] Tag)>> _unwritten = [];

    public override void Sealed(SimulatedDevice device, ReadOnlySpan<byte> key, ReadOnlySpan<byte> ciphertext) =>
        Of(device).Add((BinaryPrimitives.ReadUInt128LittleEndian(key), ciphertext[^TagBytes..].ToArray()));

    public override void Wrote(SimulatedDevice device, bool isWritten)
    {
        List<(UInt128 Key, byte[] Tag)> sealedWith = Of(device);
        if (isWritten && sealedWith.Exists(one => !_used.TryAdd(one.Key, (device, one.Tag))))
            throw Broken($"{device} seals twice with one key");
        sealedWith.Clear();
    }

    public override void Forget(World world, SimulatedDevice device)
    {
        foreach ((UInt128 key, (SimulatedDevice by, byte[] tag)) in _used.ToList())
        {
            if (by == device && !world.Entries.Exists(entry => entry.AsSpan().IndexOf(tag) >= 0))
                _used.Remove(key);
        }
    }

    private List<(UInt128 Key, byte[] Tag)> Of(SimulatedDevice device)
    {
        if (!_unwritten.TryGetValue(device, out List<(UInt128 Key, byte[] Tag)>? keys))
            _unwritten.Add(device, keys = []);
        return keys;
    }
}
