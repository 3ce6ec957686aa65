using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// Stored state that is damaged. The input is a list of changes to the entries of a group, or the bytes of a KeyPackage bundle or of a
/// pending external Commit. It is restored, or refused with <see cref="ArgumentException"/> and nothing else.
/// </summary>
internal sealed class StoredTarget : FuzzTarget
{
    private readonly Lazy<FuzzGroup> _group = new(static () => new FuzzGroup());

    private enum Change : byte
    {
        Delete,
        Replace,
        SetByte,
        CutShort,
        Insert,
        Bundle,
        External,
    }

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            var group = new FuzzGroup();
            yield return [(byte)Change.Bundle, .. group.Joiner.NewKeyPackage().Serialize()];
            yield return [(byte)Change.External, .. PendingExternal(group)];
            for (byte i = 0; i < group.Entries.Count; i++)
            {
                yield return [(byte)Change.Delete, i];
                yield return [(byte)Change.SetByte, i, 3, 200];
                yield return [(byte)Change.CutShort, i, 5];
                var writer = new TlsWriter();
                writer.WriteUInt8((byte)Change.Replace);
                writer.WriteUInt8(i);
                writer.WriteVector(group.Entries[i].Value.Span);
                yield return writer.ToArray();
            }
        }
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        FuzzGroup group = _group.Value;
        try
        {
            byte[] stored = input.ToArray();
            int bytes = input.Length + group.Entries.Sum(static entry => entry.Key.Length + entry.Value.Length);
            IDisposable restored = Effort.Bounded<IDisposable>(bytes, () => stored switch
            {
                [(byte)Change.Bundle, .. var bundle] => KeyPackageBundle.Restore(group.World.Suite.Provider, bundle),
                [(byte)Change.External, .. var external] => PendingExternalCommit.Restore(group.World.Config, group.Joiner.Identity, external),
                _ => group.Restore(Changed(group, stored)),
            });
            restored.Dispose();
        }
        catch (ArgumentException)
        {
            // What was stored is not what comes back: the caller is told so.
        }
    }

    private static byte[] PendingExternal(FuzzGroup group)
    {
        Assert.True(MlsMessage.TryDecode(group.Group.CreateGroupInfo(withRatchetTree: true), out MlsMessage? message, out _));
        VerifiedGroupInfo verified = VerifiedGroupInfo.Verify(group.World.Config, Assert.IsType<MlsMessage.GroupInfo>(message).Message);
        using PendingExternalCommit pending = verified.Commit(group.Joiner.Identity, new ExternalCommitOptions(), World.Now);
        return pending.Serialize();
    }

    private static List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Changed(FuzzGroup group, byte[] input)
    {
        List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries = [.. group.Entries];
        var reader = new TlsReader(input);
        while (!reader.AtEnd && entries.Count > 0)
        {
            var change = (Change)(reader.ReadUInt8() % (int)Change.Bundle);
            int index = reader.ReadUInt8() % entries.Count;
            (ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) = entries[index];
            switch (change)
            {
                case Change.Delete:
                    entries.RemoveAt(index);
                    break;
                case Change.Replace:
                    entries[index] = new(key, reader.ReadVector());
                    break;
                case Change.SetByte:
                    byte[] copy = value.ToArray();
                    if (copy.Length > 0)
                        copy[reader.ReadUInt8() % copy.Length] = reader.ReadUInt8();
                    entries[index] = new(key, copy);
                    break;
                case Change.CutShort:
                    entries[index] = new(key, value[..Math.Min(value.Length, reader.ReadUInt8())]);
                    break;
                case Change.Insert:
                    entries.Insert(index, new(reader.ReadVector(), reader.ReadVector()));
                    break;
            }
        }

        return entries;
    }
}
