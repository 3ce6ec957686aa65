using Parley.Client.Store;

namespace Parley.Client.Identity;

/// <summary>What the user has chosen for all conversations.</summary>
/// <param name="SendsReadReceipts">Whether others are told what one has read.</param>
internal sealed record Settings(bool SendsReadReceipts)
{
    private const byte KeepsReadingPrivate = 1;

    private static readonly byte[] Key = "settings"u8.ToArray();

    /// <summary>The settings in a store; where there are none, what a new user has.</summary>
    public static Settings Load(IClientStore store) => new(store.Get(Key) is not [KeepsReadingPrivate]);

    /// <summary>Writes them.</summary>
    public void Save(StoreBatch batch) => batch.Put([.. Key], [SendsReadReceipts ? (byte)0 : KeepsReadingPrivate]);
}
