using System.Text.Json;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;

namespace Parley.Interop.Tests.TsMls;

/// <summary>A member that is ts-mls's.</summary>
internal sealed class TsMember(TsPeer peer, string name, CipherSuite suite, WireFormat handshakeFormat) : MixedMember(name, suite, handshakeFormat)
{
    public override MemberStatus Status
    {
        get
        {
            JsonElement status = peer.Ask(new { op = "status", name = Name });
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

    public override byte[] NewKeyPackage() => Bytes(peer.Ask(new { op = "keyPackage", name = Name, suite = (int)Suite }), "keyPackage");

    public override void Create(byte[] groupId)
    {
        NewKeyPackage();
        peer.Ask(new { op = "create", name = Name, group = Hex(groupId) });
    }

    public override string? TryJoin(byte[] welcome, byte[]? ratchetTree) => TsPeer.RefusalIn(peer.Try(ratchetTree is null
        ? new { op = "join", name = Name, welcome = Hex(welcome) }
        : new { op = "join", name = Name, welcome = Hex(welcome), tree = Hex(ratchetTree) }));

    public override byte[] Propose(Change change)
    {
        var question = new Dictionary<string, object>(Described(change)) { ["op"] = "propose", ["name"] = Name, ["open"] = IsOpen };
        return Bytes(peer.Ask(question), "message");
    }

    public override MadeCommit Commit(CommitOrder order)
    {
        Dictionary<string, object>[] changes = [.. order.Changes.Select(Described)];
        JsonElement made = peer.Ask(new { op = "commit", name = Name, open = IsOpen, treeInside = order.TreeInside, proposals = changes });
        byte[]? welcome = made.TryGetProperty("welcome", out _) ? Bytes(made, "welcome") : null;
        return new MadeCommit(Bytes(made, "message"), welcome, Bytes(made, "tree"));
    }

    public override string? TryProcess(byte[] message) => TsPeer.RefusalIn(peer.Try(new { op = "process", name = Name, message = Hex(message) }));

    public override byte[] Protect(byte[] data) => Bytes(peer.Ask(new { op = "protect", name = Name, data = Hex(data) }), "message");

    public override byte[] Unprotect(byte[] message) => Bytes(peer.Ask(new { op = "process", name = Name, message = Hex(message) }), "data");

    private static Dictionary<string, object> Described(Change change) => change switch
    {
        Change.Add add => new() { ["add"] = Hex(add.KeyPackage) },
        Change.Remove remove => new() { ["remove"] = remove.Leaf },
        Change.Psk psk => new() { ["psk"] = new { id = Hex(PskId), nonce = Hex(psk.Nonce) } },
        Change.Update => new() { ["update"] = true },
        _ => throw new ArgumentException("No such change.", nameof(change)),
    };

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);

    private static byte[] Bytes(JsonElement answer, string name) => Convert.FromHexString(answer.GetProperty(name).GetString()!); // Asked for, so it is there.
}
