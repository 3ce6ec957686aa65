using Parley.Mls.Crypto;

namespace Parley.Bench.Mls;

/// <summary>
/// Makes the calls of primitives that an operation made, and nothing else: what the operation cannot cost less than. Each call has
/// content as long as the operation's, and keys of its own.
/// </summary>
internal sealed class PrimitiveReplay
{
    private readonly ICryptoProvider _provider;
    private readonly CipherSuiteParameters _suite;
    private readonly List<(Action Call, int Count)> _calls = [];

    /// <param name="provider">The provider itself, which counts nothing.</param>
    /// <param name="suite">The suite.</param>
    /// <param name="calls">How often each call was made.</param>
    public PrimitiveReplay(ICryptoProvider provider, CipherSuiteParameters suite, IReadOnlyDictionary<PrimitiveCall, int> calls)
    {
        _provider = provider;
        _suite = suite;
        foreach ((PrimitiveCall call, int count) in calls)
            _calls.Add((Prepare(call), count));
    }

    public void Run()
    {
        foreach ((Action call, int count) in _calls)
        {
            for (int i = 0; i < count; i++)
                call();
        }
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
        byte[] randomness = new byte[_suite.Kem.Parameters.RandomBytes];
        _provider.TryEncapsulate(_suite.Kem, publicKey, randomness, kemOutput, sharedSecret);
        return primitive == Primitive.Encapsulate
            ? () => _provider.TryEncapsulate(_suite.Kem, publicKey, randomness, kemOutput, sharedSecret)
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
