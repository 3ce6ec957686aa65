using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <summary>
/// One who has a member's state of some epochs and sees everything that is sent in others. It does not ask the library for leave: it
/// tries each key it holds on whatever that key could open.
/// </summary>
internal sealed class Attacker : IDisposable
{
    private readonly Group _group;
    private readonly CryptoSuite _suite;
    private readonly List<HpkeKeyPair> _keys = [];

    /// <summary>Takes the group over.</summary>
    public Attacker(string name, Group group)
    {
        Name = name;
        _group = group;
        _suite = group.EpochState().Suite;
        foreach ((_, Secret key) in group.EpochState().PrivateKeys.All)
            _keys.Add(_suite.ImportHpkeKeyPair(key.AsSpan())!); // A member's own keys are in range.
    }

    public string Name { get; }

    public ulong Epoch => _group.Epoch;

    /// <summary>How it gets at what it should not, or null if it does not.</summary>
    public string? Breaks(Evidence evidence) =>
        OpensSenderData(evidence)
        ?? Follows(evidence)
        ?? OpensPath(evidence)
        ?? OpensWelcome(evidence)
        ?? ComputesEpoch(evidence);

    public void Dispose()
    {
        _keys.ForEach(static key => key.Dispose());
        _group.Dispose();
    }

    /// <summary>Whoever has the sender data secret knows the sender, and could go on to the content.</summary>
    private string? OpensSenderData(Evidence evidence)
    {
        if (evidence.Message is not MlsMessage.Private { Message: { } message } || evidence.Epoch == Epoch)
            return null; // The Commit that removes it is still for it to see.
        var associatedData = new TlsWriter();
        associatedData.WriteVector(message.GroupId);
        associatedData.WriteUInt64(message.Epoch);
        associatedData.WriteUInt8((byte)message.ContentType);
        foreach (Secret secret in (IEnumerable<Secret>)[_group.EpochState().Secrets.SenderDataSecret, .. _group.PastEpochs().Select(static past => past.SenderDataSecret)])
        {
            try
            {
                SenderData.Open(_suite, secret, associatedData.WrittenSpan, message);
                return "opens the sender data";
            }
            catch (MlsException)
            {
                // As it should be.
            }
        }

        return null;
    }

    /// <summary>The plain way: the library as it is.</summary>
    private string? Follows(Evidence evidence)
    {
        try
        {
            if (_group.Process(evidence.Message, World.Now) is not Received.Commit { Staged: { } staged })
                return "is given the content";
            using (staged)
                return staged.RemovesSelf ? null : "follows the Commit";
        }
        catch (MlsException)
        {
            return null;
        }
    }

    /// <summary>Each private key on each path secret.</summary>
    private string? OpensPath(Evidence evidence)
    {
        if (evidence.Commit?.Path is not { } path)
            return null;
        foreach (HpkeCiphertext sealedSecret in path.Nodes.SelectMany(static node => node.EncryptedPathSecret))
        {
            if (Opens("UpdatePathNode", evidence.ProvisionalContext!, sealedSecret))
                return "opens a path secret";
        }

        return null;
    }

    private string? OpensWelcome(Evidence evidence)
    {
        foreach (EncryptedGroupSecrets entry in evidence.Welcome?.Secrets ?? [])
        {
            if (Opens("Welcome", evidence.Welcome!.EncryptedGroupInfo.Span, entry.Ciphertext))
                return "opens a Welcome";
        }

        return null;
    }

    /// <summary>The key schedule with its own init secret, as if the Commit had brought nothing new.</summary>
    private string? ComputesEpoch(Evidence evidence)
    {
        if (evidence.NextContext is null || evidence.NextContext.Epoch != Epoch + 1)
            return null;
        using Secret nothing = new(_suite.HashBytes);
        using NewEpoch guess = NewEpoch.Derive(_suite, _group.EpochState().Secrets.InitSecret, nothing, nothing, evidence.NextContext);
        return guess.Secrets.EpochAuthenticator.AsSpan().SequenceEqual(evidence.NextAuthenticator) ? "computes the next epoch's secrets" : null;
    }

    private bool Opens(string label, ReadOnlySpan<byte> context, HpkeCiphertext sealedSecret)
    {
        foreach (HpkeKeyPair key in _keys)
        {
            using Secret? opened = _suite.DecryptWithLabel(
                key.PrivateKey.AsSpan(), key.PublicKey, label, context, sealedSecret.KemOutput.Span, sealedSecret.Ciphertext.Span);
            if (opened is not null)
                return true;
        }

        return false;
    }

    /// <summary>What there is to see of one message, and what its sender knows about it: a Commit is shown in the clear.</summary>
    /// <param name="Epoch">The epoch it was made in.</param>
    /// <param name="Message">The message.</param>
    internal sealed record Evidence(ulong Epoch, MlsMessage Message)
    {
        public Commit? Commit { get; init; }

        public byte[]? ProvisionalContext { get; init; }

        public Welcome? Welcome { get; init; }

        public GroupContext? NextContext { get; init; }

        public byte[]? NextAuthenticator { get; init; }
    }
}
