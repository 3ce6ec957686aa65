using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Native;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Crypto;

/// <summary>RFC 9180's own vectors (appendix A), in base mode, for the KEMs built here.</summary>
public sealed class HpkeVectorTests
{
    [Fact]
    public void Base_mode() => VectorFiles.RunAll("hpke", "vectors_rfc9180", RunCase);

    private static string? RunCase(JsonElement vector)
    {
        if (vector.Int("mode") != 0)
            return "not base mode";
        if (!TryFind<DhGroup>(group => group.KemId == vector.Int("kem_id"), out DhGroup group))
            return $"KEM 0x{vector.Int("kem_id"):x4} is not built";
        if (!TryFind<AeadAlgorithm>(aead => aead.AeadId == vector.Int("aead_id"), out AeadAlgorithm aead))
            return "export only";
        Assert.True(TryFind<HashAlgorithm>(hash => hash.KdfId == vector.Int("kdf_id"), out HashAlgorithm hash));

        KeyPairs(vector, group, hash, aead);
        KeySchedule(vector, group, hash, aead);
        Encryptions(vector, group, hash, aead);
        Exports(vector, group, hash, aead);
        return null;
    }

    private static void KeyPairs(JsonElement vector, DhGroup group, HashAlgorithm hash, AeadAlgorithm aead)
    {
        Hpke hpke = Receiver(group, hash, aead);
        foreach (string party in new[] { "R", "E" })
        {
            using HpkeKeyPair derived = hpke.Kem.DeriveKeyPair(vector.Hex("ikm" + party));
            Assert.Equal(vector.Hex($"sk{party}m"), derived.PrivateKey.AsSpan());
            Assert.Equal(vector.Hex($"pk{party}m"), derived.PublicKey);
            using HpkeKeyPair? imported = hpke.Kem.ImportKeyPair(derived.PrivateKey.AsSpan());
            Assert.Equal(derived.PublicKey, imported?.PublicKey);
        }
    }

    private static void KeySchedule(JsonElement vector, DhGroup group, HashAlgorithm hash, AeadAlgorithm aead)
    {
        Hpke sender = Sender(vector, group, hash, aead);
        byte[] sharedSecret = new byte[sender.Kem.SharedSecretBytes];
        Assert.True(sender.Kem.TryEncap(vector.Hex("pkRm"), sharedSecret, out byte[] kemOutput));
        Assert.Equal(vector.Hex("enc"), kemOutput);
        Assert.Equal(vector.Hex("shared_secret"), sharedSecret);

        Hpke receiver = Receiver(group, hash, aead);
        byte[] receivedSecret = new byte[sender.Kem.SharedSecretBytes];
        Assert.True(receiver.Kem.TryDecap(kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), receivedSecret));
        Assert.Equal(sharedSecret, receivedSecret);

        byte[] key = new byte[aead.KeyBytes];
        byte[] baseNonce = new byte[AlgorithmParameters.AeadNonceBytes];
        byte[] exporterSecret = new byte[hash.DigestBytes];
        receiver.KeySchedule(receivedSecret, receiver.HashInfo(vector.Hex("info")), key, baseNonce);
        receiver.KeyScheduleExporter(receivedSecret, receiver.HashInfo(vector.Hex("info")), exporterSecret);
        Assert.Equal(vector.Hex("key"), key);
        Assert.Equal(vector.Hex("base_nonce"), baseNonce);
        Assert.Equal(vector.Hex("exporter_secret"), exporterSecret);
    }

    private static void Encryptions(JsonElement vector, DhGroup group, HashAlgorithm hash, AeadAlgorithm aead)
    {
        JsonElement first = vector.Items("encryptions").First();
        Hpke sender = Sender(vector, group, hash, aead);
        Assert.True(sender.TrySeal(
            vector.Hex("pkRm"), sender.HashInfo(vector.Hex("info")), first.Hex("aad"), first.Hex("pt"), out byte[] kemOutput, out byte[] ciphertext));
        Assert.Equal(first.Hex("ct"), ciphertext);

        Hpke receiver = Receiver(group, hash, aead);
        using Secret? opened = receiver.Open(
            kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), vector.Hex("info"), first.Hex("aad"), ciphertext);
        Assert.NotNull(opened);
        Assert.Equal(first.Hex("pt"), opened.AsSpan());
        Assert.Null(receiver.Open(kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), vector.Hex("info"), [], ciphertext));

        // MLS never encrypts a second message in a context, so the sequence numbers after the first test the AEAD alone.
        var provider = new NativeCryptoProvider(RandomSource.System);
        foreach (JsonElement encryption in vector.Items("encryptions"))
        {
            byte[] expected = encryption.Hex("ct");
            byte[] actual = new byte[expected.Length];
            provider.Seal(aead, vector.Hex("key"), encryption.Hex("nonce"), encryption.Hex("aad"), encryption.Hex("pt"), actual);
            Assert.Equal(expected, actual);
        }
    }

    private static void Exports(JsonElement vector, DhGroup group, HashAlgorithm hash, AeadAlgorithm aead)
    {
        foreach (JsonElement export in vector.Items("exports"))
        {
            byte[] context = export.Hex("exporter_context");
            Assert.True(Sender(vector, group, hash, aead).TrySendExport(
                vector.Hex("pkRm"), vector.Hex("info"), context, export.Int("L"), out byte[] kemOutput, out Secret? sent));
            using Secret? received = Receiver(group, hash, aead).ReceiveExport(
                kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), vector.Hex("info"), context, export.Int("L"));
            Assert.Equal(export.Hex("exported_value"), sent!.AsSpan()); // Not null where TrySendExport is true.
            Assert.Equal(export.Hex("exported_value"), received!.AsSpan()); // A null would fail the test as well.
        }
    }

    private static Hpke Sender(JsonElement vector, DhGroup group, HashAlgorithm hash, AeadAlgorithm aead) =>
        new(new NativeCryptoProvider(new FixedRandomSource(vector.Hex("ikmE"))), group, hash, aead);

    private static Hpke Receiver(DhGroup group, HashAlgorithm hash, AeadAlgorithm aead) =>
        new(new NativeCryptoProvider(RandomSource.System), group, hash, aead);

    private static bool TryFind<T>(Func<T, bool> isIt, out T found)
        where T : struct, Enum
    {
        T[] matches = [.. Enum.GetValues<T>().Where(isIt)];
        found = matches.FirstOrDefault();
        return matches.Length == 1;
    }
}
