namespace Parley.Mls.Tests.Vectors;

/// <summary>Which kinds of vector files are run, and which are not and why. A file of another kind is named in the report and skipped.</summary>
public sealed class VectorKindTests
{
    private static readonly string[] GroupKinds =
    [
        "crypto-basics", "deserialization", "key-schedule", "message-protection", "messages", "passive-client", "psk_secret", "secret-tree",
        "transcript-hashes", "tree-math", "tree-operations", "tree-validation", "treekem", "welcome",
    ];

    private static readonly string[] WycheproofKinds =
    [
        "aes_gcm_", "chacha20_poly1305_", "ecdh_secp", "ecdsa_secp", "ed25519_", "ed448_", "hkdf_sha", "hmac_sha", "mlkem_768_", "x25519_", "x448_",
    ];

    /// <summary>Primitives that no suite has.</summary>
    private static readonly string[] UnusedWycheproofKinds = ["mldsa_", "mlkem_1024_"];

    [Fact]
    public void No_file_of_an_unknown_kind_is_passed_over_in_silence()
    {
        Assert.Contains("treekem.json", VectorFiles.OfOtherKinds("mls", [.. GroupKinds.Where(static kind => kind != "treekem")]));
        foreach (string file in VectorFiles.OfOtherKinds("wycheproof", WycheproofKinds).Except(VectorFiles.OfOtherKinds("wycheproof", UnusedWycheproofKinds)))
            VectorFiles.Report($"{file}: not run, all cases skipped (no suite has this primitive)");

        List<string> unknown =
        [
            .. VectorFiles.OfOtherKinds("mls", GroupKinds),
            .. VectorFiles.OfOtherKinds("hpke", ["vectors_rfc9180", "hpke-pq"]),
            .. VectorFiles.OfOtherKinds("xwing", ["xwing-kem"]),
            .. VectorFiles.OfOtherKinds("wycheproof", [.. WycheproofKinds, .. UnusedWycheproofKinds]),
        ];
        foreach (string file in unknown)
            VectorFiles.Report($"{file}: not run, all cases skipped (no test knows this kind)");
        Assert.SkipWhen(unknown.Count > 0, $"No test knows the kind of {string.Join(", ", unknown)}.");
    }
}
