using System.Text;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Identity;

/// <summary>The account in a store: who one is, where the server is, whether it knows one already, and the name one goes by.</summary>
/// <param name="Identity">The keys and the certificate.</param>
/// <param name="Address">The server's address.</param>
/// <param name="IsRegistered">Whether the server has accepted the account.</param>
/// <param name="Nickname">The name one goes by, or empty.</param>
internal sealed record Profile(LocalIdentity Identity, Uri Address, bool IsRegistered, string Nickname)
{
    private static readonly byte[] Key = "profile"u8.ToArray();

    /// <summary>The profile in a store, or null.</summary>
    public static Profile? Load(ICryptoProvider crypto, IClientStore store)
    {
        if (store.Get(Key) is not { } stored)
            return null;
        var reader = new TlsReader(stored);
        ReadOnlyMemory<byte> identity = reader.ReadVector();
        string address = Encoding.UTF8.GetString(reader.ReadVector().Span);
        bool isRegistered = reader.ReadUInt8() == 1;
        string nickname = Encoding.UTF8.GetString(reader.ReadVector().Span);
        if (!reader.Finish())
            throw new InvalidDataException("The stored profile is damaged.");
        return new Profile(LocalIdentity.Restore(crypto, identity), new Uri(address), isRegistered, nickname);
    }

    /// <summary>Writes the profile.</summary>
    public void Save(StoreBatch batch)
    {
        var writer = new TlsWriter();
        writer.WriteVector(Identity.Serialize());
        writer.WriteVector(Encoding.UTF8.GetBytes(Address.AbsoluteUri));
        writer.WriteUInt8(IsRegistered ? (byte)1 : (byte)0);
        writer.WriteVector(Encoding.UTF8.GetBytes(Nickname));
        batch.Put(Key, writer.ToArray());
        writer.Clear();
    }
}
