using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>The secrets of an epoch on its way in: those that live on, and those that only a Welcome needs and that are zeroed here.</summary>
internal sealed class NewEpoch : IDisposable
{
    private NewEpoch(CryptoSuite suite, GroupContext context, Secret joinerSecret, Secret welcomeSecret, EpochSecrets secrets)
    {
        Suite = suite;
        Context = context;
        JoinerSecret = joinerSecret;
        WelcomeSecret = welcomeSecret;
        Secrets = secrets;
    }

    public CryptoSuite Suite { get; }

    public GroupContext Context { get; }

    public Secret JoinerSecret { get; }

    public Secret WelcomeSecret { get; }

    public EpochSecrets Secrets { get; private set; }

    /// <summary>RFC 9420 §8: the secrets of the epoch whose context is given.</summary>
    public static NewEpoch Derive(CryptoSuite suite, Secret initSecret, Secret commitSecret, Secret pskSecret, GroupContext context)
    {
        byte[] encoded = context.Encode();
        Secret joiner = KeySchedule.JoinerSecret(suite, initSecret, commitSecret, encoded);
        return new NewEpoch(
            suite, context, joiner, KeySchedule.WelcomeSecret(suite, joiner, pskSecret), KeySchedule.EpochSecrets(suite, joiner, pskSecret, encoded));
    }

    /// <summary>The state of a member in the new epoch, which owns the secrets from now on.</summary>
    public EpochState ToState(GroupConfig config, ProvisionalGroup group, LeafIndex self, TreePrivateKeys keys, byte[] confirmationTag)
    {
        EpochSecrets secrets = Secrets;
        SecretTree messageSecrets = SecretTree.Create(Suite, Context.Epoch, group.Tree.LeafCount, config.RatchetLimits, secrets.TakeEncryptionSecret());
        byte[] interim = KeySchedule.InterimTranscriptHash(Suite, Context.ConfirmedTranscriptHash.Span, confirmationTag);
        Secrets = null!; // Handed over: Dispose must not zero them.
        return new EpochState(Suite, Context, group.Tree, self, keys, secrets, messageSecrets, interim, confirmationTag, group.ReInit);
    }

    public void Dispose()
    {
        JoinerSecret.Dispose();
        WelcomeSecret.Dispose();
        Secrets?.Dispose();
    }
}
