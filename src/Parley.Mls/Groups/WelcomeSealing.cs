using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.4.3.1: makes the one Welcome for all members that a Commit adds.</summary>
internal static class WelcomeSealing
{
    private const int TagBytes = 16;

    // About what an EncryptedGroupSecrets takes.
    private const int BytesPerEntry = 192;

    /// <summary>An encoded MLSMessage with the Welcome.</summary>
    /// <exception cref="MlsException">A new member's init key is not valid.</exception>
    public static byte[] Seal(MadeCommit made, EpochState next, LeafIdentity identity, CommitOptions options)
    {
        CryptoSuite suite = next.Suite;
        GroupInfo info = next.CreateGroupInfo(identity, options.WelcomeHasRatchetTree, withExternalPub: false);
        byte[] groupInfo = info.Encode(capacity: 1024 + info.Extensions.Sum(static extension => extension.Data.Length));
        byte[] encryptedGroupInfo = new byte[groupInfo.Length + TagBytes];
        using (Secret key = Key(suite, made.Secrets.WelcomeSecret))
        using (Secret nonce = Nonce(suite, made.Secrets.WelcomeSecret))
            suite.Seal(key.AsSpan(), nonce.AsSpan(), [], groupInfo, encryptedGroupInfo);

        ImmutableArray<EncryptedGroupSecrets>.Builder entries = ImmutableArray.CreateBuilder<EncryptedGroupSecrets>(made.Group.Added.Count);
        Hpke.InfoHash context = suite.EncryptContext("Welcome", encryptedGroupInfo);
        ImmutableArray<PreSharedKeyId> psks = [.. made.Group.Psks];
        var writer = new TlsWriter(256);
        foreach ((LeafIndex index, KeyPackage keyPackage) in made.Group.Added)
        {
            GroupSecrets.Write(writer, made.Secrets.JoinerSecret, PathSecretFor(index, made.Path), psks);
            bool sealed_ = suite.TryEncrypt(keyPackage.InitKey.Span, context, writer.WrittenSpan, out byte[] kemOutput, out byte[] ciphertext);
            writer.Clear();
            MlsException.ThrowIf(!sealed_, MlsError.GroupSecretsInvalid);
            byte[] reference = suite.RefHash(CryptoSuite.KeyPackageReferenceLabel, keyPackage.Encode());
            entries.Add(new EncryptedGroupSecrets(reference, new HpkeCiphertext(kemOutput, ciphertext)));
        }

        var welcome = new Welcome(suite.Id, entries.MoveToImmutable(), encryptedGroupInfo);
        return new MlsMessage.Welcome(welcome).Encode<MlsMessage>(capacity: encryptedGroupInfo.Length + (BytesPerEntry * made.Group.Added.Count) + 64);
    }

    public static Secret Key(CryptoSuite suite, Secret welcomeSecret) => suite.ExpandWithLabel(welcomeSecret.AsSpan(), "key", [], suite.AeadKeyBytes);

    public static Secret Nonce(CryptoSuite suite, Secret welcomeSecret) => suite.ExpandWithLabel(welcomeSecret.AsSpan(), "nonce", [], suite.AeadNonceBytes);

    /// <summary>The path secret of the lowest node above both the committer and the new member.</summary>
    private static Secret? PathSecretFor(LeafIndex newMember, MadePath? path)
    {
        for (int i = 0; path is not null && i < path.Filtered.Count; i++)
        {
            if (path.Filtered[i].Copath.Covers(newMember))
                return path.Fresh.PathSecrets[i];
        }

        return null;
    }
}
