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
    /// <inheritdoc/>
    public static KeyPackage Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if ((ProtocolVersion)reader.ReadUInt16() != ProtocolVersion.Mls10)
            reader.Fail(DecodeError.UnsupportedVersion);
        return new KeyPackage((CipherSuite)reader.ReadUInt16(), reader.ReadVector(), LeafNode.Read(reader), ExtensionList.Read(reader), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        WriteUnsigned(writer);
        writer.WriteVector(Signature);
    }

    /// <summary>Encodes KeyPackageTBS.</summary>
    public byte[] EncodeToBeSigned()
    {
        var writer = new TlsWriter(512);
        WriteUnsigned(writer);
        return writer.ToArray();
    }

    private void WriteUnsigned(TlsWriter writer)
    {
        writer.WriteUInt16((ushort)ProtocolVersion.Mls10);
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteVector(InitKey);
        LeafNode.Write(writer);
        ExtensionList.Write(writer, Extensions);
    }
}
