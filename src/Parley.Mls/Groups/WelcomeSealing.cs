using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.4.3.1: makes the one Welcome for all members that a Commit adds.</summary>
internal static class WelcomeSealing
{
    private const int TagBytes = 16;

    // About what an EncryptedGroupSecrets takes.
    private const int BytesPerEntry = 192;

    /// <summary>An encoded MLSMessage with the Welcome.</summary>
    /// <exception cref="MlsException">A new member's init key is not valid.</exception>
    public static byte[] Seal(
        NewEpoch secrets, EpochState next, LeafIdentity identity, ProvisionalGroup group, IReadOnlyList<PathNode>? path, FreshPath? fresh, CommitOptions options)
    {
        CryptoSuite suite = next.Suite;
        GroupInfo info = next.CreateGroupInfo(identity, options.WelcomeHasRatchetTree, withExternalPub: false);
        byte[] groupInfo = info.Encode(capacity: 1024 + info.Extensions.Sum(static extension => extension.Data.Length));
        byte[] encryptedGroupInfo = new byte[groupInfo.Length + TagBytes];
        using (Secret key = Key(suite, secrets.WelcomeSecret))
        using (Secret nonce = Nonce(suite, secrets.WelcomeSecret))
            suite.Seal(key.AsSpan(), nonce.AsSpan(), [], groupInfo, encryptedGroupInfo);

        ImmutableArray<EncryptedGroupSecrets>.Builder entries = ImmutableArray.CreateBuilder<EncryptedGroupSecrets>(group.Added.Count);
        Hpke.InfoHash context = suite.EncryptContext("Welcome", encryptedGroupInfo);
        ImmutableArray<PreSharedKeyId> psks = [.. group.Psks];
        var writer = new TlsWriter(256);
        foreach ((LeafIndex index, KeyPackage keyPackage) in group.Added)
        {
            GroupSecrets.Write(writer, secrets.JoinerSecret, PathSecretFor(index, path, fresh), psks);
            bool sealed_ = suite.TryEncrypt(keyPackage.InitKey.Span, context, writer.WrittenSpan, out byte[] kemOutput, out byte[] ciphertext);
            writer.Clear();
            MlsException.ThrowIf(!sealed_, MlsError.GroupSecretsInvalid);
            byte[] reference = suite.RefHash(CryptoSuite.KeyPackageReferenceLabel, keyPackage.Encode());
            entries.Add(new EncryptedGroupSecrets(reference, new HpkeCiphertext(kemOutput, ciphertext)));
        }

        var welcome = new Welcome(suite.Id, entries.MoveToImmutable(), encryptedGroupInfo);
        return new MlsMessage.Welcome(welcome).Encode<MlsMessage>(capacity: encryptedGroupInfo.Length + (BytesPerEntry * group.Added.Count) + 64);
    }

    public static Secret Key(CryptoSuite suite, Secret welcomeSecret) => suite.ExpandWithLabel(welcomeSecret.AsSpan(), "key", [], suite.AeadKeyBytes);

    public static Secret Nonce(CryptoSuite suite, Secret welcomeSecret) => suite.ExpandWithLabel(welcomeSecret.AsSpan(), "nonce", [], suite.AeadNonceBytes);

    /// <summary>The path secret of the lowest node above both the committer and the new member.</summary>
    private static Secret? PathSecretFor(LeafIndex newMember, IReadOnlyList<PathNode>? path, FreshPath? fresh)
    {
        for (int i = 0; path is not null && i < path.Count; i++)
        {
            if (path[i].Copath.Covers(newMember))
                return fresh!.PathSecrets[i];
        }

        return null;
    }
}
