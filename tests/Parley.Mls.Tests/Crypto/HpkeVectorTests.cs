using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Crypto;

/// <summary>RFC 9180's own vectors (appendix A) and those of draft-ietf-hpke-pq, in base mode, for the KEMs and KDFs that suites of MLS have.</summary>
public sealed class HpkeVectorTests
{
    /// <summary>RFC 9180 §7.3: no AEAD; the context exports, and encrypts nothing.</summary>
    private const int ExportOnly = 0xFFFF;

    [Fact]
    public void Hybrid_kems() => VectorFiles.RunAll("hpke", "hpke-pq", RunCase);

    [Fact]
    public void Base_mode() => VectorFiles.RunAll("hpke", "vectors_rfc9180", RunCase);

    private static string? RunCase(JsonElement vector)
    {
        if (vector.Int("mode") != 0)
            return "not base mode";
        var kem = (KemAlgorithm)vector.Int("kem_id");
        var hash = (HashAlgorithm)vector.Int("kdf_id");
        var aead = (AeadAlgorithm)vector.Int("aead_id");
        if (!Enum.IsDefined(kem) || !Suites.Provider.Supports(kem))
            return $"KEM 0x{(ushort)kem:x4} is not built";
        if (!Enum.IsDefined(hash))
            return $"KDF 0x{(ushort)hash:x4}, which no suite of MLS has";

        KeyPairs(vector, kem, hash, aead);
        Exports(vector, kem, hash, aead);
        if (vector.Int("aead_id") == ExportOnly)
            return null;
        KeySchedule(vector, kem, hash, aead);
        Encryptions(vector, kem, hash, aead);
        return null;
    }

    private static void KeyPairs(JsonElement vector, KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead)
    {
        Hpke hpke = Receiver(kem, hash, aead);
        foreach (string party in new[] { "R", "E" })
        {
            if (!vector.TryGetProperty($"sk{party}m", out _))
                continue; // A KEM without ephemeral key pairs.
            using HpkeKeyPair derived = hpke.Kem.DeriveKeyPair(vector.Hex("ikm" + party));
            Assert.Equal(vector.Hex($"sk{party}m"), derived.PrivateKey.AsSpan());
            Assert.Equal(vector.Hex($"pk{party}m"), derived.PublicKey);
            using HpkeKeyPair? imported = hpke.Kem.ImportKeyPair(derived.PrivateKey.AsSpan());
            Assert.Equal(derived.PublicKey, imported?.PublicKey);
        }
    }

    private static void KeySchedule(JsonElement vector, KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead)
    {
        Hpke sender = Sender(vector, kem, hash, aead);
        byte[] sharedSecret = new byte[sender.Kem.SharedSecretBytes];
        Assert.True(sender.Kem.TryEncap(vector.Hex("pkRm"), sharedSecret, out byte[] kemOutput));
        Assert.Equal(vector.Hex("enc"), kemOutput);
        Assert.Equal(vector.Hex("shared_secret"), sharedSecret);

        Hpke receiver = Receiver(kem, hash, aead);
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

    private static void Encryptions(JsonElement vector, KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead)
    {
        JsonElement first = vector.Items("encryptions").First();
        Hpke sender = Sender(vector, kem, hash, aead);
        Assert.True(sender.TrySeal(
            vector.Hex("pkRm"), sender.HashInfo(vector.Hex("info")), first.Hex("aad"), first.Hex("pt"), out byte[] kemOutput, out byte[] ciphertext));
        Assert.Equal(first.Hex("ct"), ciphertext);

        Hpke receiver = Receiver(kem, hash, aead);
        using Secret? opened = receiver.Open(
            kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), receiver.HashInfo(vector.Hex("info")), first.Hex("aad"), ciphertext);
        Assert.NotNull(opened);
        Assert.Equal(first.Hex("pt"), opened.AsSpan());
        Assert.Null(receiver.Open(kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), receiver.HashInfo(vector.Hex("info")), [], ciphertext));

        // MLS never encrypts a second message in a context, so the sequence numbers after the first test the AEAD alone.
        foreach (JsonElement encryption in vector.Items("encryptions"))
        {
            byte[] expected = encryption.Hex("ct");
            byte[] actual = new byte[expected.Length];
            Suites.Provider.Seal(aead, vector.Hex("key"), encryption.Hex("nonce"), encryption.Hex("aad"), encryption.Hex("pt"), actual);
            Assert.Equal(expected, actual);
        }
    }

    private static void Exports(JsonElement vector, KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead)
    {
        foreach (JsonElement export in vector.Items("exports"))
        {
            byte[] context = export.Hex("exporter_context");
            Assert.True(Sender(vector, kem, hash, aead).TrySendExport(
                vector.Hex("pkRm"), vector.Hex("info"), context, export.Int("L"), out byte[] kemOutput, out Secret? sent));
            using Secret? received = Receiver(kem, hash, aead).ReceiveExport(
                kemOutput, vector.Hex("skRm"), vector.Hex("pkRm"), vector.Hex("info"), context, export.Int("L"));
            Assert.Equal(export.Hex("exported_value"), sent!.AsSpan()); // Not null where TrySendExport is true.
            Assert.Equal(export.Hex("exported_value"), received!.AsSpan()); // A null would fail the test as well.
        }
    }

    private static Hpke Sender(JsonElement vector, KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead) =>
        new(TestProvider.BouncyCastle.Create(new FixedRandomSource(vector.Hex("ikmE"))), kem, hash, aead);

    private static Hpke Receiver(KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead) =>
        new(Suites.Provider, kem, hash, aead);
}
