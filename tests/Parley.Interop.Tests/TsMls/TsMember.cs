using System.Text.Json;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>A member that is ts-mls's.</summary>
internal sealed class TsMember(TsPeer peer, string name, CipherSuite suite, WireFormat handshakeFormat, TsMember? former = null)
    : MixedMember(name, suite, handshakeFormat)
{
    // What the program calls this member.
    private readonly string _id = former is null ? name : former._id + ", continued";

    public override MemberStatus Status
    {
        get
        {
            JsonElement status = peer.Ask(new { op = "status", name = _id });
            return new MemberStatus(
                status.GetProperty("epoch").GetUInt64(),
                Convert.ToHexString(Bytes(status, "authenticator")),
                Convert.ToHexString(Bytes(status, "treeHash")),
                status.GetProperty("leaf").GetUInt32(),
                status.GetProperty("removed").GetBoolean());
        }
    }

    public override bool KeepsOwnProposals => true;

    private bool IsOpen => HandshakeFormat == WireFormat.PublicMessage;

    public override byte[] NewKeyPackage() =>
        Bytes(peer.Ask(new { op = "keyPackage", name = _id, identity = Name, suite = (int)Suite }), "keyPackage");

    public override void Create(byte[] groupId)
    {
        NewKeyPackage();
        peer.Ask(new { op = "create", name = _id, group = Hex(groupId) });
    }

    public override string? TryJoin(byte[] welcome, byte[]? ratchetTree) => TsPeer.RefusalIn(
        peer.Try(new { op = "join", name = _id, former = former?._id, welcome = Hex(welcome), tree = ratchetTree is null ? null : Hex(ratchetTree) }));

    public override byte[] Propose(Change change)
    {
        var question = new Dictionary<string, object>(Described(change)) { ["op"] = "propose", ["name"] = _id, ["open"] = IsOpen };
        return Bytes(peer.Ask(question), "message");
    }

    public override byte[] ProposeItself(byte[] groupInfo) =>
        Bytes(peer.Ask(new { op = "proposeItself", name = _id, groupInfo = Hex(groupInfo) }), "message");

    public override MadeCommit Commit(CommitOrder order)
    {
        Dictionary<string, object>[] changes = [.. order.Changes.Select(Described)];
        return Made(peer.Ask(new { op = "commit", name = _id, open = IsOpen, treeInside = order.TreeInside, proposals = changes }));
    }

    public override void Merge() => peer.Ask(new { op = "merge", name = _id });

    public override Invitation Invite() => Invite(isBare: false);

    /// <summary>An invitation, if so wished with external_pub as ts-mls writes it.</summary>
    public Invitation Invite(bool isBare)
    {
        JsonElement answer = peer.Ask(new { op = "groupInfo", name = _id, bare = isBare });
        return new Invitation(Bytes(answer, "message"), Bytes(answer, "tree"));
    }

    public override string? TryCommitExternally(byte[] groupInfo, byte[] ratchetTree, bool replacesFormer, Change.Psk? psk, out byte[]? commit) =>
        TryCommitExternally(groupInfo, ratchetTree, replacesFormer, isBare: false, out commit);

    /// <summary>Makes an external Commit, if so wished with external_pub read as ts-mls does.</summary>
    public string? TryCommitExternally(byte[] groupInfo, byte[] ratchetTree, bool replacesFormer, bool isBare, out byte[]? commit)
    {
        JsonElement answer = peer.Try(new
        {
            op = "externalJoin",
            name = _id,
            groupInfo = Hex(groupInfo),
            tree = Hex(ratchetTree),
            resync = replacesFormer,
            bare = isBare,
        });
        string? refusal = TsPeer.RefusalIn(answer);
        commit = refusal is null ? Bytes(answer, "message") : null;
        return refusal;
    }

    public override MixedMember Successor(CipherSuite successorSuite) => new TsMember(peer, Name, successorSuite, HandshakeFormat, this);

    public override MadeCommit Continue(bool isBranch, byte[] groupId, IReadOnlyList<byte[]> keyPackages)
    {
        NewKeyPackage();
        return Made(peer.Ask(new
        {
            op = "continue",
            name = _id,
            former = former?._id,
            group = Hex(groupId),
            suite = (int)Suite,
            branch = isBranch,
            keyPackages = keyPackages.Select(Hex),
        }));
    }

    public override string? TryProcess(byte[] message) => TsPeer.RefusalIn(peer.Try(new { op = "process", name = _id, message = Hex(message) }));

    public override byte[] Protect(byte[] data) => Bytes(peer.Ask(new { op = "protect", name = _id, data = Hex(data) }), "message");

    public override byte[] Unprotect(byte[] message) => Bytes(peer.Ask(new { op = "process", name = _id, message = Hex(message) }), "data");

    private static Dictionary<string, object> Described(Change change) => change switch
    {
        Change.Add add => new() { ["add"] = Hex(add.KeyPackage) },
        Change.Remove remove => new() { ["remove"] = remove.Leaf },
        Change.Psk psk => new() { ["psk"] = new { id = Hex(PskId), nonce = Hex(psk.Nonce) } },
        Change.Update => new() { ["update"] = true },
        Change.Extension extension => new() { ["extension"] = Hex(extension.Data) },
        Change.ReInit reInit => new() { ["reinit"] = new { group = Hex(reInit.GroupId), suite = (int)reInit.Suite } },
        _ => throw new ArgumentException("No such change.", nameof(change)),
    };

    private static MadeCommit Made(JsonElement answer) => new(BytesOrNull(answer, "message") ?? [], BytesOrNull(answer, "welcome"), Bytes(answer, "tree"));

    private static byte[]? BytesOrNull(JsonElement answer, string name) => answer.TryGetProperty(name, out _) ? Bytes(answer, name) : null;

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);

    private static byte[] Bytes(JsonElement answer, string name) => Convert.FromHexString(answer.GetProperty(name).GetString()!); // Asked for, so it is there.
}
