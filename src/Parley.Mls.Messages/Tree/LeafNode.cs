using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;

namespace Parley.Mls.Messages.Tree;

/// <summary>RFC 9420 §7.2: how a LeafNode came to be, and what it holds because of that.</summary>
public abstract record LeafNodeSource
{
    private LeafNodeSource()
    {
    }

    internal enum Tag : byte
    {
        KeyPackage = 1,
        Update = 2,
        Commit = 3,
    }

    internal static LeafNodeSource Read(TlsReader reader)
    {
        switch ((Tag)reader.ReadUInt8())
        {
            case Tag.KeyPackage:
                return new KeyPackage(new Lifetime(reader.ReadUInt64(), reader.ReadUInt64()));
            case Tag.Update:
                return new Update();
            case Tag.Commit:
                return new Commit(reader.ReadVector());
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Update();
        }
    }

    internal void Write(TlsWriter writer)
    {
        switch (this)
        {
            case KeyPackage source:
                writer.WriteUInt8((byte)Tag.KeyPackage);
                writer.WriteUInt64(source.Lifetime.NotBefore);
                writer.WriteUInt64(source.Lifetime.NotAfter);
                break;
            case Update:
                writer.WriteUInt8((byte)Tag.Update);
                break;
            case Commit source:
                writer.WriteUInt8((byte)Tag.Commit);
                writer.WriteVector(source.ParentHash);
                break;
        }
    }

    /// <summary>Made for a KeyPackage, before any group was known.</summary>
    /// <param name="Lifetime">When it may be used.</param>
    public sealed record KeyPackage(Lifetime Lifetime) : LeafNodeSource;

    /// <summary>Made for an Update proposal.</summary>
    public sealed record Update : LeafNodeSource;

    /// <summary>Made for the path of a Commit.</summary>
    /// <param name="ParentHash">RFC 9420 §7.9: the parent hash of the next node on the filtered direct path; empty if there is none.</param>
    public sealed record Commit(ReadOnlyMemory<byte> ParentHash) : LeafNodeSource;
}

/// <summary>RFC 9420 §7.2: when a KeyPackage may be used.</summary>
/// <param name="NotBefore">Unix seconds.</param>
/// <param name="NotAfter">Unix seconds, inclusive.</param>
public sealed record Lifetime(ulong NotBefore, ulong NotAfter)
{
    /// <summary>A lifetime between two times, of which the seconds count. Clocks differ, so one begins somewhat earlier than now.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It ends before it begins, or begins before 1970.</exception>
    public static Lifetime Between(DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(notBefore, DateTimeOffset.UnixEpoch);
        ArgumentOutOfRangeException.ThrowIfLessThan(notAfter, notBefore);
        return new Lifetime((ulong)notBefore.ToUnixTimeSeconds(), (ulong)notAfter.ToUnixTimeSeconds());
    }
}

/// <summary>RFC 9420 §7.2: one client's appearance in a group, signed by that client.</summary>
/// <param name="EncryptionKey">HPKE public key.</param>
/// <param name="SignatureKey">Public signature key.</param>
/// <param name="Credential">Who it claims to be.</param>
/// <param name="Capabilities">What it supports.</param>
/// <param name="Source">How it came to be.</param>
/// <param name="Extensions">Its extensions.</param>
/// <param name="Signature">Over <see cref="EncodeToBeSigned"/>, label "LeafNodeTBS".</param>
public sealed record LeafNode(
    ReadOnlyMemory<byte> EncryptionKey,
    ReadOnlyMemory<byte> SignatureKey,
    Credential Credential,
    Capabilities Capabilities,
    LeafNodeSource Source,
    ImmutableArray<Extension> Extensions,
    ReadOnlyMemory<byte> Signature) : ITlsStruct<LeafNode>
{
    // A copy that is changed (by "with") is not what was decoded.
    private LeafNode(LeafNode original)
    {
        EncryptionKey = original.EncryptionKey;
        SignatureKey = original.SignatureKey;
        Credential = original.Credential;
        Capabilities = original.Capabilities;
        Source = original.Source;
        Extensions = original.Extensions;
        Signature = original.Signature;
    }

    // What it was decoded from. It is hashed, verified, stored and sent on many times, and encoding it again gives the same bytes.
    private ReadOnlyMemory<byte> Encoded { get; init; }

    /// <inheritdoc/>
    public static LeafNode Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int start = reader.Position;
        return new LeafNode(
            reader.ReadVector(),
            reader.ReadVector(),
            Credential.Read(reader),
            reader.ReadShared(Capabilities.Read),
            LeafNodeSource.Read(reader),
            ExtensionList.Read(reader),
            reader.ReadVector())
        {
            Encoded = reader.Since(start),
        };
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (!Encoded.IsEmpty)
        {
            writer.WriteBytes(Encoded.Span);
            return;
        }

        WriteUnsigned(writer);
        writer.WriteVector(Signature);
    }

    /// <summary>The same leaf over bytes of its own, so that it does not keep the message alive that it came in.</summary>
    public LeafNode Copy() => Tls.TryDecodeOwned(Encoded.IsEmpty ? this.Encode(capacity: 512) : Encoded.ToArray(), out LeafNode? copy, out _) ? copy : this;

    /// <summary>Encodes LeafNodeTBS. The group and index are part of it except in a KeyPackage.</summary>
    public byte[] EncodeToBeSigned(ReadOnlySpan<byte> groupId, LeafIndex index)
    {
        var writer = new TlsWriter(512);
        WriteToBeSigned(writer, groupId, index);
        return writer.ToArray();
    }

    /// <summary>Writes LeafNodeTBS, see <see cref="EncodeToBeSigned"/>.</summary>
    public void WriteToBeSigned(TlsWriter writer, ReadOnlySpan<byte> groupId, LeafIndex index)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (Encoded.IsEmpty)
            WriteUnsigned(writer);
        else
            writer.WriteBytes(Encoded.Span[..^TlsWriter.VectorBytes(Signature.Length)]);
        if (Source is not LeafNodeSource.KeyPackage)
        {
            writer.WriteVector(groupId);
            writer.WriteUInt32(index.Value);
        }
    }

    private void WriteUnsigned(TlsWriter writer)
    {
        writer.WriteVector(EncryptionKey);
        writer.WriteVector(SignatureKey);
        Credential.Write(writer);
        Capabilities.Write(writer);
        Source.Write(writer);
        ExtensionList.Write(writer, Extensions);
    }
}
