using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9180: HPKE in base mode, as MLS uses it: each context encrypts one message (§6.1), with sequence number 0 and so with the base
/// nonce itself, or exports one secret (§6.2).
/// </summary>
internal sealed class Hpke
{
    private const byte ModeBase = 0x00;

    private readonly ICryptoProvider _provider;
    private readonly AeadAlgorithm _aead;
    private readonly LabeledKdf _kdf;

    // mode || psk_id_hash: the part of the key schedule's context that no call changes.
    private readonly byte[] _contextPrefix;

    public Hpke(ICryptoProvider provider, KemAlgorithm kem, HashAlgorithm hash, AeadAlgorithm aead)
    {
        _provider = provider;
        _aead = aead;
        Kem = Kem.Create(provider, kem);
        Span<byte> suiteId = stackalloc byte[10];
        "HPKE"u8.CopyTo(suiteId);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId[4..], (ushort)kem);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId[6..], (ushort)hash);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId[8..], (ushort)aead);
        _kdf = new LabeledKdf(provider, hash, suiteId);
        _contextPrefix = new byte[1 + hash.DigestBytes];
        _contextPrefix[0] = ModeBase;
        _kdf.Extract([], "psk_id_hash"u8, [], _contextPrefix.AsSpan(1));
    }

    public Kem Kem { get; }

    private int HashBytes => _kdf.Hash.DigestBytes;

    /// <summary>RFC 9180 §5.1: all that the key schedule takes from the info, so that a long one is hashed once for many receivers.</summary>
    public InfoHash HashInfo(ReadOnlySpan<byte> info) => HashInfo(info, [], []);

    /// <summary>The same for an info in two parts, with room to put them together, where there is some.</summary>
    public InfoHash HashInfo(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<byte> room)
    {
        byte[] hash = new byte[HashBytes];
        _kdf.Extract([], "info_hash"u8, head, body, room, hash);
        return new InfoHash(hash);
    }

    /// <summary>SealBase. False if the receiver's key is no valid one.</summary>
    public bool TrySeal(
        ReadOnlySpan<byte> publicKey, InfoHash info, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext,
        out byte[] kemOutput, out byte[] ciphertext)
    {
        Span<byte> randomness = stackalloc byte[Kem.RandomBytes];
        try
        {
            _provider.FillRandom(randomness);
            return TrySeal(publicKey, randomness, info, associatedData, plaintext, out kemOutput, out ciphertext);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(randomness);
        }
    }

    /// <summary>SealBase, with randomness that was drawn before (<see cref="Kem.RandomBytes"/>). False if the receiver's key is no valid one.</summary>
    public bool TrySeal(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, InfoHash info, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext,
        out byte[] kemOutput, out byte[] ciphertext)
    {
        ciphertext = [];
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretBytes];
        Span<byte> key = stackalloc byte[_aead.KeyBytes];
        Span<byte> nonce = stackalloc byte[AlgorithmParameters.AeadNonceBytes];
        try
        {
            if (!Kem.TryEncap(publicKey, randomness, sharedSecret, out kemOutput))
                return false;
            KeySchedule(sharedSecret, info, key, nonce);
            ciphertext = new byte[plaintext.Length + AlgorithmParameters.AeadTagBytes];
            _provider.Seal(_aead, key, nonce, associatedData, plaintext, ciphertext);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sharedSecret);
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(nonce);
        }
    }

    /// <summary>OpenBase. Null if the KEM output is no valid key or the ciphertext was not made for this receiver, info and data.</summary>
    public Secret? Open(
        ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey,
        InfoHash info, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext)
    {
        if (ciphertext.Length < AlgorithmParameters.AeadTagBytes)
            return null;
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretBytes];
        Span<byte> key = stackalloc byte[_aead.KeyBytes];
        Span<byte> nonce = stackalloc byte[AlgorithmParameters.AeadNonceBytes];
        try
        {
            if (!Kem.TryDecap(kemOutput, privateKey, publicKey, sharedSecret))
                return null;
            KeySchedule(sharedSecret, info, key, nonce);
            var plaintext = new Secret(ciphertext.Length - AlgorithmParameters.AeadTagBytes);
            if (_provider.TryOpen(_aead, key, nonce, associatedData, ciphertext, plaintext.AsWritableSpan()))
                return plaintext;
            plaintext.Dispose();
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sharedSecret);
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(nonce);
        }
    }

    /// <summary>SendExportBase. False if the receiver's key is no valid one.</summary>
    public bool TrySendExport(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> exporterContext, int length,
        out byte[] kemOutput, [NotNullWhen(true)] out Secret? exported)
    {
        exported = null;
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretBytes];
        try
        {
            if (!Kem.TryEncap(publicKey, sharedSecret, out kemOutput))
                return false;
            exported = Export(sharedSecret, info, exporterContext, length);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sharedSecret);
        }
    }

    /// <summary>ReceiveExportBase. Null if the KEM output is no valid key.</summary>
    public Secret? ReceiveExport(
        ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey,
        ReadOnlySpan<byte> info, ReadOnlySpan<byte> exporterContext, int length)
    {
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretBytes];
        try
        {
            return Kem.TryDecap(kemOutput, privateKey, publicKey, sharedSecret) ? Export(sharedSecret, info, exporterContext, length) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sharedSecret);
        }
    }

    // RFC 9180 §5.1: the key and base nonce of a context.
    public void KeySchedule(ReadOnlySpan<byte> sharedSecret, InfoHash info, Span<byte> key, Span<byte> baseNonce)
    {
        Span<byte> secret = stackalloc byte[HashBytes];
        Span<byte> context = stackalloc byte[1 + 2 * HashBytes];
        try
        {
            KeyScheduleSecret(sharedSecret, info, secret, context);
            _kdf.Expand(secret, "key"u8, context, key);
            _kdf.Expand(secret, "base_nonce"u8, context, baseNonce);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    // RFC 9180 §5.1: the exporter secret of a context.
    public void KeyScheduleExporter(ReadOnlySpan<byte> sharedSecret, InfoHash info, Span<byte> exporterSecret)
    {
        Span<byte> secret = stackalloc byte[HashBytes];
        Span<byte> context = stackalloc byte[1 + 2 * HashBytes];
        try
        {
            KeyScheduleSecret(sharedSecret, info, secret, context);
            _kdf.Expand(secret, "exp"u8, context, exporterSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    // RFC 9180 §5.1: what key, base nonce and exporter secret are all expanded from. Base mode has the default, empty, PSK.
    private void KeyScheduleSecret(ReadOnlySpan<byte> sharedSecret, InfoHash info, Span<byte> secret, Span<byte> context)
    {
        _contextPrefix.CopyTo(context);
        info.Bytes.CopyTo(context[_contextPrefix.Length..]);
        _kdf.Extract(sharedSecret, "secret"u8, [], secret);
    }

    // RFC 9180 §5.3.
    private Secret Export(ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info, ReadOnlySpan<byte> exporterContext, int length)
    {
        Span<byte> exporterSecret = stackalloc byte[HashBytes];
        try
        {
            KeyScheduleExporter(sharedSecret, HashInfo(info), exporterSecret);
            var exported = new Secret(length);
            _kdf.Expand(exporterSecret, "sec"u8, exporterContext, exported.AsWritableSpan());
            return exported;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(exporterSecret);
        }
    }

    /// <summary>RFC 9180 §5.1: <c>info_hash</c>.</summary>
    internal readonly struct InfoHash(byte[] hash)
    {
        public ReadOnlySpan<byte> Bytes => hash;
    }
}
