using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>A proposal, in words that both libraries understand.</summary>
internal abstract record Change
{
    private Change()
    {
    }

    /// <summary>Adds the client of an encoded KeyPackage.</summary>
    public sealed record Add(byte[] KeyPackage) : Change;

    /// <summary>Removes a leaf.</summary>
    public sealed record Remove(uint Leaf) : Change;

    /// <summary>Mixes in the PSK that all clients have.</summary>
    public sealed record Psk(byte[] Nonce) : Change;

    /// <summary>A fresh key for the proposer's own leaf; only as a message, not within a Commit.</summary>
    public sealed record Update : Change;

    /// <summary>Sets the application's extension in the GroupContext. ts-mls follows such a Commit, and cannot make one.</summary>
    public sealed record Extension(byte[] Data) : Change;

    /// <summary>Ends the group in favour of another.</summary>
    public sealed record ReInit(byte[] GroupId, CipherSuite Suite) : Change;
}

/// <summary>What is put into effect, and how it travels.</summary>
/// <param name="Changes">By value; those received are put into effect by reference, all of them.</param>
/// <param name="ForcesPath">Whether there is a path where none is needed. ts-mls has no such choice.</param>
/// <param name="TreeInside">Whether the Welcome carries the tree.</param>
internal sealed record CommitOrder(IReadOnlyList<Change> Changes, bool ForcesPath, bool TreeInside);

/// <summary>Encoded MLSMessages, and the tree for those who are not given it in the Welcome.</summary>
internal sealed record MadeCommit(byte[] Message, byte[]? Welcome, byte[] RatchetTree);

/// <summary>What one needs who is to join from outside: an encoded MLSMessage, and the tree.</summary>
internal sealed record Invitation(byte[] GroupInfo, byte[] RatchetTree);

/// <summary>What all members of an epoch must agree on, and the one thing in which they differ.</summary>
internal sealed record MemberStatus(ulong Epoch, string EpochAuthenticator, string TreeHash, uint Leaf, bool IsRemoved);

/// <summary>A member, whoever's code it runs. Messages are encoded MLSMessages.</summary>
internal abstract class MixedMember(string name, CipherSuite suite, WireFormat handshakeFormat)
{
    public const ushort ApplicationExtension = 0xf00f;

    public static readonly byte[] PskId = "shared by all"u8.ToArray();
    public static readonly byte[] PskSecret = "the secret that everybody knows."u8.ToArray();

    public string Name => name;

    protected CipherSuite Suite => suite;

    protected WireFormat HandshakeFormat => handshakeFormat;

    public abstract MemberStatus Status { get; }

    public abstract byte[] NewKeyPackage();

    public abstract void Create(byte[] groupId);

    /// <summary>Joins; the answer is why not, or null.</summary>
    public abstract string? TryJoin(byte[] welcome, byte[]? ratchetTree);

    /// <summary>Makes a proposal. Whether its own sender must be handed it, too, differs: see <see cref="KeepsOwnProposals"/>.</summary>
    public abstract byte[] Propose(Change change);

    /// <summary>RFC 9420 §12.1.8: proposes to add itself, by the KeyPackage it made last, to a group that it is not in.</summary>
    public abstract byte[] ProposeItself(byte[] groupInfo);

    /// <summary>Whether a proposal counts for its sender as soon as it is made, and must not be handed to it again.</summary>
    public abstract bool KeepsOwnProposals { get; }

    /// <summary>Makes a Commit, which counts only when it is merged.</summary>
    public abstract MadeCommit Commit(CommitOrder order);

    /// <summary>What the member made, a Commit or an external one, was the first of its epoch.</summary>
    public abstract void Merge();

    public abstract Invitation Invite();

    /// <summary>Makes an external Commit, which counts only when it is merged; the answer is why not, or null.</summary>
    /// <param name="groupInfo">The GroupInfo.</param>
    /// <param name="ratchetTree">The tree.</param>
    /// <param name="replacesFormer">Whether the member is in the group, and takes the place of its former self.</param>
    /// <param name="psk">The PSK to mix in, which ts-mls has no way to.</param>
    /// <param name="commit">The Commit.</param>
    public abstract string? TryCommitExternally(byte[] groupInfo, byte[] ratchetTree, bool replacesFormer, Change.Psk? psk, out byte[]? commit);

    /// <summary>The same client in a group that is to continue this one's.</summary>
    public abstract MixedMember Successor(CipherSuite successorSuite);

    /// <summary>Makes the group that continues the former member's, and is in it.</summary>
    public abstract MadeCommit Continue(bool isBranch, byte[] groupId, IReadOnlyList<byte[]> keyPackages);

    /// <summary>Takes a handshake message; the answer is why not, or null.</summary>
    public abstract string? TryProcess(byte[] message);

    public abstract byte[] Protect(byte[] data);

    public abstract byte[] Unprotect(byte[] message);
}
