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
}

/// <summary>What is put into effect, and how it travels.</summary>
/// <param name="Changes">By value; those received are put into effect by reference, all of them.</param>
/// <param name="ForcesPath">Whether there is a path where none is needed. ts-mls has no such choice.</param>
/// <param name="TreeInside">Whether the Welcome carries the tree.</param>
internal sealed record CommitOrder(IReadOnlyList<Change> Changes, bool ForcesPath, bool TreeInside);

/// <summary>Encoded MLSMessages, and the tree for those who are not given it in the Welcome.</summary>
internal sealed record MadeCommit(byte[] Message, byte[]? Welcome, byte[] RatchetTree);

/// <summary>What all members of an epoch must agree on, and the one thing in which they differ.</summary>
internal sealed record MemberStatus(ulong Epoch, string EpochAuthenticator, string TreeHash, uint Leaf, bool IsRemoved);

/// <summary>A member, whoever's code it runs. Messages are encoded MLSMessages.</summary>
internal abstract class MixedMember(string name, CipherSuite suite, WireFormat handshakeFormat)
{
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

    /// <summary>Whether a proposal counts for its sender as soon as it is made, and must not be handed to it again.</summary>
    public abstract bool KeepsOwnProposals { get; }

    /// <summary>Makes a Commit and enters its epoch.</summary>
    public abstract MadeCommit Commit(CommitOrder order);

    /// <summary>Takes a handshake message; the answer is why not, or null.</summary>
    public abstract string? TryProcess(byte[] message);

    public abstract byte[] Protect(byte[] data);

    public abstract byte[] Unprotect(byte[] message);
}
