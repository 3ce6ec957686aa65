using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.4.3.1: what a Welcome tells one new member.</summary>
internal sealed class GroupSecrets(Secret joinerSecret, Secret? pathSecret, ImmutableArray<PreSharedKeyId> psks) : IDisposable
{
    public Secret JoinerSecret { get; } = joinerSecret;

    public Secret? PathSecret { get; } = pathSecret;

    public ImmutableArray<PreSharedKeyId> Psks { get; } = psks;

    /// <summary>Decodes the structure; null if it does not decode.</summary>
    public static GroupSecrets? Decode(ReadOnlySpan<byte> encoded)
    {
        byte[] copy = encoded.ToArray();
        try
        {
            var reader = new TlsReader(copy);
            ReadOnlyMemory<byte> joiner = reader.ReadVector();
            byte[]? path = reader.ReadOptional(static r => r.ReadVector().ToArray());
            ImmutableArray<PreSharedKeyId> psks = reader.ReadVectorOf(
                static r => Copy(PreSharedKeyId.Read(r), r), MessageLimits.PreSharedKeysMax);
            if (!reader.Finish())
                return null;
            var secrets = new GroupSecrets(new Secret(joiner.Span), path is null ? null : new Secret(path), psks);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(path);
            return secrets;
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(copy);
        }
    }

    /// <summary>Encodes the structure. The caller disposes it.</summary>
    public static Secret Encode(Secret joinerSecret, Secret? pathSecret, IReadOnlyList<PreSharedKeyId> psks)
    {
        var writer = new TlsWriter();
        writer.WriteVector(joinerSecret.AsSpan());
        writer.WriteOptional(pathSecret, static (w, secret) => w.WriteVector(secret.AsSpan()));
        writer.WriteVectorOf(psks, Tls.WriteStruct);
        var encoded = new Secret(writer.WrittenSpan);
        writer.Clear();
        return encoded;
    }

    public void Dispose()
    {
        JoinerSecret.Dispose();
        PathSecret?.Dispose();
    }

    // The buffer is zeroed after decoding, so what is public in it must not be a slice of it.
    private static PreSharedKeyId Copy(PreSharedKeyId id, TlsReader reader)
    {
        if (reader.Error != DecodeError.None)
            return id;
        return Tls.TryDecode(id.Encode(), out PreSharedKeyId? copy, out _) ? copy : id;
    }
}
