using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>
/// Seals what is handed over to the one device that asked: HPKE in the hybrid suite, whichever suite the conversation has, to a key that was made
/// for this wish and is deleted with it. The rest of the group, in whose log it travels, cannot open it.
/// </summary>
internal static class HistorySeal
{
    private const string Label = "Parley 1.0 History";
    private const int ItemsMax = 10_000;

    /// <summary>Whether something can be sealed to a key.</summary>
    public static bool IsPublicKey(ICryptoProvider crypto, ReadOnlySpan<byte> publicKey) => new CryptoSuite(crypto, MlsProfile.Suite).IsHpkePublicKey(publicKey);

    /// <summary>A key pair for one wish. The caller disposes it.</summary>
    public static HpkeKeyPair NewKeyPair(ICryptoProvider crypto) => new CryptoSuite(crypto, MlsProfile.Suite).GenerateHpkeKeyPair();

    /// <summary>Seals messages; null if the key is none.</summary>
    public static (byte[] KemOutput, byte[] Ciphertext)? Seal(ICryptoProvider crypto, HistoryJob job, IReadOnlyList<HistoryItem> items)
    {
        var writer = new TlsWriter(4096);
        writer.WriteVectorOf(items, static (w, item) => item.Write(w));
        bool isSealed = new CryptoSuite(crypto, MlsProfile.Suite).TryEncryptWithLabel(
            job.PublicKey.Span, Label, Context(job.Range), writer.WrittenSpan, out byte[] kemOutput, out byte[] ciphertext);
        writer.Clear();
        return isSealed ? (kemOutput, ciphertext) : null;
    }

    /// <summary>Opens messages; null if they were not sealed to this key for this wish, or are malformed.</summary>
    public static ImmutableArray<HistoryItem>? Open(ICryptoProvider crypto, HistoryRange range, HpkeKeyPair keys, ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> ciphertext)
    {
        using Secret? plaintext = new CryptoSuite(crypto, MlsProfile.Suite)
            .DecryptWithLabel(keys.PrivateKey.AsSpan(), keys.PublicKey, Label, Context(range), kemOutput, ciphertext);
        if (plaintext is null)
            return null;
        var reader = new TlsReader(plaintext.AsSpan().ToArray());
        ImmutableArray<HistoryItem?> items = reader.ReadVectorOf(HistoryItem.Read, ItemsMax);
        return reader.Finish() ? [.. items.OfType<HistoryItem>()] : null;
    }

    private static byte[] Context(HistoryRange range) => [.. range.Id.Span, .. range.Conversation.ToArray()];
}
