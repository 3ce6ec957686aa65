using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Groups;

/// <summary>RFC 9420 §12.4.3.1: a new member's secrets, encrypted to its KeyPackage.</summary>
/// <param name="NewMember">The KeyPackageRef.</param>
/// <param name="Ciphertext">HPKE, to the KeyPackage's init key.</param>
public sealed record EncryptedGroupSecrets(ReadOnlyMemory<byte> NewMember, HpkeCiphertext Ciphertext) : ITlsStruct<EncryptedGroupSecrets>
{
    /// <inheritdoc/>
    public static EncryptedGroupSecrets Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new EncryptedGroupSecrets(reader.ReadVector(), HpkeCiphertext.Read(reader));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(NewMember);
        Ciphertext.Write(writer);
    }
}

/// <summary>RFC 9420 §12.4.3.1: brings new members into a group.</summary>
/// <param name="CipherSuite">The group's suite.</param>
/// <param name="Secrets">One entry for each new member.</param>
/// <param name="EncryptedGroupInfo">The GroupInfo, sealed under a key that the entries' secret gives.</param>
public sealed record Welcome(CipherSuite CipherSuite, ImmutableArray<EncryptedGroupSecrets> Secrets, ReadOnlyMemory<byte> EncryptedGroupInfo)
    : ITlsStruct<Welcome>
{
    /// <inheritdoc/>
    public static Welcome Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new Welcome(
            (CipherSuite)reader.ReadUInt16(), reader.ReadVectorOf(EncryptedGroupSecrets.Read, MessageLimits.WelcomeSecretsMax), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteVectorOf(Secrets, Tls.WriteStruct);
        writer.WriteVector(EncryptedGroupInfo);
    }
}
