using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Storage;

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
        var reader = new TlsReader(encoded.ToArray());
        Secret joiner = reader.TakeSecret();
        Secret? path = reader.ReadOptional(static r => r.TakeSecret());
        var secrets = new GroupSecrets(joiner, path, reader.ReadVectorOf(PreSharedKeyId.Read, MessageLimits.PreSharedKeysMax));
        if (reader.Finish())
            return secrets;
        secrets.Dispose();
        return null;
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
}
