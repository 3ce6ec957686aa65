using System.Diagnostics;
using Parley.Mls.Crypto;

namespace Parley.Bench.Mls;

/// <summary>
/// Times the primitives of one suite by themselves, each kind of call when it is first asked for, and so in the same run as the
/// operation it is compared with. The median of batches: a batch is long enough for the clock, and the median ignores the batches that
/// a collection or another process disturbed.
/// </summary>
internal sealed class PrimitiveTimes
{
    private const int Batches = 31;
    private static readonly TimeSpan BatchLength = TimeSpan.FromMicroseconds(200);

    private readonly ICryptoProvider _provider;
    private readonly CipherSuiteParameters _suite;
    private readonly Dictionary<PrimitiveCall, double> _medians = [];

    public PrimitiveTimes(ICryptoProvider provider, CipherSuiteParameters suite)
    {
        _provider = provider;
        _suite = suite;
    }

    /// <summary>The primitives a reader knows, in microseconds.</summary>
    public IEnumerable<(string Name, double MedianMicroseconds)> Table()
    {
        yield return ("sign", MedianMicroseconds(new PrimitiveCall(Primitive.Sign, 256)));
        yield return ("verify", MedianMicroseconds(new PrimitiveCall(Primitive.Verify, 256)));
        if (_suite.Kem == KemAlgorithm.XWing)
        {
            yield return ("encapsulate", MedianMicroseconds(new PrimitiveCall(Primitive.Encapsulate, 0)));
            yield return ("decapsulate", MedianMicroseconds(new PrimitiveCall(Primitive.Decapsulate, 0)));
        }
        else
        {
            yield return ("dh", MedianMicroseconds(new PrimitiveCall(Primitive.Agree, 0)));
        }

        yield return ("derive_public_key", MedianMicroseconds(new PrimitiveCall(Primitive.DerivePublicKey, 0)));
        yield return ("seal_100", MedianMicroseconds(new PrimitiveCall(Primitive.Seal, 100)));
        yield return ("seal_4096", MedianMicroseconds(new PrimitiveCall(Primitive.Seal, 4096)));
        yield return ("open_100", MedianMicroseconds(new PrimitiveCall(Primitive.Open, 100)));
        yield return ("open_4096", MedianMicroseconds(new PrimitiveCall(Primitive.Open, 4096)));
        yield return ("hkdf_expand", MedianMicroseconds(new PrimitiveCall(Primitive.HkdfExpand, 64)));
        yield return ("hmac", MedianMicroseconds(new PrimitiveCall(Primitive.Hmac, 64)));
        yield return ("hash_256", MedianMicroseconds(new PrimitiveCall(Primitive.Hash, 256)));
        yield return ("random_32", MedianMicroseconds(new PrimitiveCall(Primitive.FillRandom, 32)));
    }

    /// <summary>Forgets what was measured, so that it is measured anew beside the next operation, under the load of that moment.</summary>
    public void Forget() => _medians.Clear();

    /// <summary>What the calls take together.</summary>
    public double TotalMicroseconds(IReadOnlyDictionary<PrimitiveCall, int> calls) => calls.Sum(call => call.Value * MedianMicroseconds(call.Key));

    /// <summary>What one call takes, with its bytes as given.</summary>
    public double MedianMicroseconds(PrimitiveCall call)
    {
        if (!_medians.TryGetValue(call, out double median))
            _medians[call] = median = Measure(Prepare(call));
        return median;
    }

    private static double Measure(Action call)
    {
        long start = Stopwatch.GetTimestamp();
        int repeats = 0;
        do
        {
            call();
            repeats++;
        }
        while (Stopwatch.GetElapsedTime(start) < 20 * BatchLength); // Long enough for the compiler to have optimised the call.

        repeats = Math.Max(1, repeats / 20);
        double[] samples = new double[Batches];
        for (int batch = 0; batch < Batches; batch++)
        {
            start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
                call();
            samples[batch] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / repeats;
        }

        Array.Sort(samples);
        return samples[Batches / 2];
    }

    private Action Prepare(PrimitiveCall call)
    {
        byte[] content = new byte[call.Bytes];
        byte[] digest = new byte[_suite.Hash.DigestBytes];
        return call.Primitive switch
        {
            Primitive.FillRandom => () => _provider.FillRandom(content),
            Primitive.Hash => () => _provider.Hash(_suite.Hash, content, digest),
            Primitive.Hmac => () => _provider.Hmac(_suite.Hash, digest, content, digest),
            Primitive.HkdfExpand => () => _provider.HkdfExpand(_suite.Hash, digest, content, digest),
            Primitive.Seal or Primitive.Open => PrepareAead(call.Primitive, content),
            Primitive.Shake256 => () => _provider.Shake256(content, digest),
            Primitive.DerivePublicKey or Primitive.Agree => PrepareGroup(call.Primitive),
            Primitive.Encapsulate or Primitive.Decapsulate => PrepareKem(call.Primitive),
            Primitive.GenerateSignatureKeyPair => () => _provider.GenerateSignatureKeyPair(_suite.Signature).PrivateKey.Dispose(),
            Primitive.Sign or Primitive.Verify => PrepareSignature(call.Primitive, content),
            _ => throw new ArgumentOutOfRangeException(nameof(call)),
        };
    }

    private Action PrepareAead(Primitive primitive, byte[] plaintext)
    {
        byte[] key = new byte[_suite.Aead.KeyBytes];
        byte[] nonce = new byte[AlgorithmParameters.AeadNonceBytes];
        byte[] ciphertext = new byte[plaintext.Length + AlgorithmParameters.AeadTagBytes];
        _provider.Seal(_suite.Aead, key, nonce, [], plaintext, ciphertext);
        return primitive == Primitive.Seal
            ? () => _provider.Seal(_suite.Aead, key, nonce, [], plaintext, ciphertext)
            : () => _provider.TryOpen(_suite.Aead, key, nonce, [], ciphertext, plaintext);
    }

    private Action PrepareGroup(Primitive primitive)
    {
        (byte[] privateKey, byte[] publicKey) = KemKeys();
        byte[] sharedSecret = new byte[privateKey.Length];
        return primitive == Primitive.Agree
            ? () => _provider.TryAgree(_suite.Kem, privateKey, publicKey, sharedSecret)
            : () => _provider.TryDerivePublicKey(_suite.Kem, privateKey, publicKey);
    }

    private Action PrepareKem(Primitive primitive)
    {
        (byte[] privateKey, byte[] publicKey) = KemKeys();
        byte[] kemOutput = new byte[_suite.Kem.Parameters.KemOutputBytes];
        byte[] sharedSecret = new byte[_suite.Kem.Parameters.SharedSecretBytes];
        _provider.TryEncapsulate(_suite.Kem, publicKey, kemOutput, sharedSecret);
        return primitive == Primitive.Encapsulate
            ? () => _provider.TryEncapsulate(_suite.Kem, publicKey, kemOutput, sharedSecret)
            : () => _provider.TryDecapsulate(_suite.Kem, privateKey, kemOutput, sharedSecret);
    }

    private (byte[] PrivateKey, byte[] PublicKey) KemKeys()
    {
        using HpkeKeyPair keys = new CryptoSuite(_provider, _suite.Id).GenerateHpkeKeyPair();
        return (keys.PrivateKey.AsSpan().ToArray(), keys.PublicKey);
    }

    private Action PrepareSignature(Primitive primitive, byte[] content)
    {
        (Secret secret, byte[] publicKey) = _provider.GenerateSignatureKeyPair(_suite.Signature);
        byte[] privateKey = secret.AsSpan().ToArray();
        secret.Dispose();
        byte[] signature = _provider.Sign(_suite.Signature, privateKey, publicKey, content);
        return primitive == Primitive.Sign
            ? () => _provider.Sign(_suite.Signature, privateKey, publicKey, content)
            : () => _provider.Verify(_suite.Signature, publicKey, content, signature);
    }
}
