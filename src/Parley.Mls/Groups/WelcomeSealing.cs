using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.4.3.1: makes the one Welcome for all members that a Commit adds.</summary>
internal static class WelcomeSealing
{
    // About what an EncryptedGroupSecrets takes beside its ciphertext.
    private const int BytesPerEntry = 80;

    // About what a KeyPackage takes.
    private const int BytesPerKeyPackage = 512;

    /// <summary>An encoded MLSMessage with the Welcome.</summary>
    /// <exception cref="MlsException">A new member's init key is not valid.</exception>
    public static ReadOnlyMemory<byte> Seal(MadeCommit made, EpochState next, LeafIdentity identity, CommitOptions options, int threads)
    {
        CryptoSuite suite = next.Suite;
        byte[] encryptedGroupInfo = SealGroupInfo(made, next, identity, options);
        ImmutableArray<EncryptedGroupSecrets> entries = SealSecrets(suite, suite.EncryptContext("Welcome", encryptedGroupInfo), made, threads);
        int entriesBytes = entries.Sum(static entry => entry.Ciphertext.KemOutput.Length + entry.Ciphertext.Ciphertext.Length + BytesPerEntry);
        var writer = new TlsWriter(encryptedGroupInfo.Length + entriesBytes + 64);
        new MlsMessage.Welcome(new Welcome(suite.Id, entries, encryptedGroupInfo)).Write(writer);
        return writer.Take();
    }

    public static Secret Key(CryptoSuite suite, Secret welcomeSecret) => suite.ExpandWithLabel(welcomeSecret.AsSpan(), "key", [], suite.AeadKeyBytes);

    public static Secret Nonce(CryptoSuite suite, Secret welcomeSecret) => suite.ExpandWithLabel(welcomeSecret.AsSpan(), "nonce", [], suite.AeadNonceBytes);

    private static byte[] SealGroupInfo(MadeCommit made, EpochState next, LeafIdentity identity, CommitOptions options)
    {
        CryptoSuite suite = next.Suite;
        GroupInfo unsigned = next.CreateGroupInfo(options.WelcomeHasRatchetTree, withExternalPub: false, identity.SendsGrease, options.GroupInfoExtensions);
        using var signed = new SignContent("GroupInfoTBS", unsigned.CapacityHint);
        unsigned.WriteToBeSigned(signed.Writer);
        ReadOnlySpan<byte> groupInfo = signed.SignAndAppend(suite, identity.Signer);
        byte[] encrypted = GC.AllocateUninitializedArray<byte>(groupInfo.Length + AlgorithmParameters.AeadTagBytes);
        using Secret key = Key(suite, made.Secrets.WelcomeSecret);
        using Secret nonce = Nonce(suite, made.Secrets.WelcomeSecret);
        suite.Seal(key.AsSpan(), nonce.AsSpan(), [], groupInfo, encrypted);
        return encrypted;
    }

    private static ImmutableArray<EncryptedGroupSecrets> SealSecrets(CryptoSuite suite, Hpke.InfoHash context, MadeCommit made, int threads)
    {
        // New members below the same node of the path are told the same.
        var plaintexts = new Dictionary<int, Secret>();
        try
        {
            var receivers = new List<(ReadOnlyMemory<byte> PublicKey, Secret GroupSecrets)>(made.Group.Added.Count);
            foreach ((LeafIndex index, KeyPackage keyPackage) in made.Group.Added)
            {
                int place = PlaceAbove(index, made.Path);
                if (!plaintexts.TryGetValue(place, out Secret? plaintext))
                {
                    Secret? pathSecret = place < 0 ? null : made.Path!.Fresh.PathSecrets[place]; // There is a place only in a path.
                    plaintexts[place] = plaintext = GroupSecrets.Encode(made.Secrets.JoinerSecret, pathSecret, made.Group.Psks);
                }

                receivers.Add((keyPackage.InitKey, plaintext));
            }

            IEnumerable<byte[]> references = SharedWork.Select(
                made.Group.Added, threads, added => suite.RefHash(CryptoSuite.KeyPackageReferenceLabel, added.KeyPackage.Encode(BytesPerKeyPackage)));
            IEnumerable<HpkeCiphertext?> ciphertexts = suite.EncryptAll(receivers, context, threads);
            // KeyPackageRules left it to us to find out whether each can be encrypted to.
            return [.. references.Zip(ciphertexts, static (reference, ciphertext) =>
                new EncryptedGroupSecrets(reference, ciphertext ?? throw new MlsException(MlsError.HpkeKeyInvalid)))];
        }
        finally
        {
            foreach (Secret plaintext in plaintexts.Values)
                plaintext.Dispose();
        }
    }

    /// <summary>The place in the path of the lowest node above both the committer and the new member; -1 if there is no path.</summary>
    private static int PlaceAbove(LeafIndex newMember, MadePath? path)
    {
        for (int i = 0; path is not null && i < path.Filtered.Count; i++)
        {
            if (path.Filtered[i].Copath.Covers(newMember))
                return i;
        }

        return -1;
    }
}
