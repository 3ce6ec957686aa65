using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.KeyPackages;

/// <summary>RFC 9420 §10: what others need to add a client to a group.</summary>
/// <param name="CipherSuite">The suite it is for.</param>
/// <param name="InitKey">HPKE public key to encrypt the Welcome to.</param>
/// <param name="LeafNode">The leaf to put in the tree.</param>
/// <param name="Extensions">Its extensions.</param>
/// <param name="Signature">Over <see cref="EncodeToBeSigned"/>, label "KeyPackageTBS", by the leaf's signature key.</param>
public sealed record KeyPackage(
    CipherSuite CipherSuite, ReadOnlyMemory<byte> InitKey, LeafNode LeafNode, ImmutableArray<Extension> Extensions, ReadOnlyMemory<byte> Signature)
    : ITlsStruct<KeyPackage>
{
    // A copy that is changed (by "with") is not what was decoded.
    private KeyPackage(KeyPackage original)
    {
        CipherSuite = original.CipherSuite;
        InitKey = original.InitKey;
        LeafNode = original.LeafNode;
        Extensions = original.Extensions;
        Signature = original.Signature;
    }

    /// <summary>The extension that marks a KeyPackage as one of last resort. The leaf must list <c>app_data_dictionary</c> among what it supports.</summary>
    public static Extension LastResort { get; } = AppDataDictionary.Empty.With(ComponentId.LastResortKeyPackage, default).ToExtension();

    /// <summary>
    /// RFC 9420 §16.8: whether it may be used more than once, when no other is left. It says so by the component of
    /// draft-ietf-mls-extensions-09 §6.4, or by the extension of earlier drafts.
    /// </summary>
    public bool IsLastResort => Extensions.Find(ExtensionType.LastResort) is not null
        || (Extensions.Find(ExtensionType.AppDataDictionary) is { } extension
            && Tls.TryDecodeOwned(extension.Data, out AppDataDictionary? dictionary, out _)
            && dictionary.Find(ComponentId.LastResortKeyPackage) is not null);

    // What it was decoded from, which is verified, hashed and sent on.
    private ReadOnlyMemory<byte> Encoded { get; init; }

    /// <inheritdoc/>
    public static KeyPackage Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int start = reader.Position;
        if ((ProtocolVersion)reader.ReadUInt16() != ProtocolVersion.Mls10)
            reader.Fail(DecodeError.UnsupportedVersion);
        return new KeyPackage((CipherSuite)reader.ReadUInt16(), reader.ReadVector(), LeafNode.Read(reader), ExtensionList.Read(reader), reader.ReadVector())
        {
            Encoded = reader.Since(start),
        };
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        WriteToBeSigned(writer);
        writer.WriteVector(Signature);
    }

    /// <summary>Encodes KeyPackageTBS.</summary>
    public byte[] EncodeToBeSigned()
    {
        var writer = new TlsWriter(512);
        WriteToBeSigned(writer);
        return writer.ToArray();
    }

    /// <summary>Writes KeyPackageTBS.</summary>
    public void WriteToBeSigned(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (!Encoded.IsEmpty)
        {
            writer.WriteBytes(Encoded.Span[..^TlsWriter.VectorBytes(Signature.Length)]);
            return;
        }

        writer.WriteUInt16((ushort)ProtocolVersion.Mls10);
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteVector(InitKey);
        LeafNode.Write(writer);
        ExtensionList.Write(writer, Extensions);
    }
}
