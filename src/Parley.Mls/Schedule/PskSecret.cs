using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Schedule;

/// <summary>RFC 9420 §8.4: pre-shared keys, chained into one secret.</summary>
internal static class PskSecret
{
    /// <summary>The psk_secret: all zero if there are no keys.</summary>
    public static Secret Compute(CryptoSuite suite, IReadOnlyList<(PreSharedKeyId Id, Secret Key)> psks)
    {
        var chained = new Secret(suite.HashBytes);
        Span<byte> zero = stackalloc byte[suite.HashBytes];
        zero.Clear();
        for (int i = 0; i < psks.Count; i++)
        {
            using Secret extracted = suite.Extract(zero, psks[i].Key.AsSpan());
            using Secret input = suite.ExpandWithLabel(extracted.AsSpan(), "derived psk", Label(psks[i].Id, i, psks.Count), suite.HashBytes);
            Secret next = suite.Extract(input.AsSpan(), chained.AsSpan());
            chained.Dispose();
            chained = next;
        }

        return chained;
    }

    private static byte[] Label(PreSharedKeyId id, int index, int count)
    {
        var writer = new TlsWriter();
        id.Write(writer);
        writer.WriteUInt16((ushort)index);
        writer.WriteUInt16((ushort)count);
        return writer.ToArray();
    }
}
