using System.Collections.Immutable;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>An honest GroupInfo with its tree, and the changes that an input makes to them before they are hashed and signed again.</summary>
internal sealed class InfoChanges(ImmutableArray<Node?> nodes, GroupInfo info, ContentForge contents)
{
    /// <summary>How many kinds of changes there are: the numbers from 0 on.</summary>
    public const byte Count = 9;

    private enum Change : byte
    {
        Blank,
        Leaf,
        Parent,
        CutShort,
        CopyNode,
        Signer,
        Epoch,
        ContextExtensions,
        InfoExtension,
    }

    public ImmutableArray<Node?> Nodes { get; private set; } = nodes;

    /// <summary>The GroupInfo, with its context as it is to be before the tree is hashed.</summary>
    public GroupInfo Info { get; private set; } = info;

    /// <summary>Whether nothing was changed.</summary>
    public bool IsHonest { get; private set; } = true;

    /// <summary>One input for each change, and for each node.</summary>
    public static IEnumerable<byte[]> Seeds(ImmutableArray<Node?> nodes)
    {
        yield return [(byte)Change.Signer, 1];
        yield return [(byte)Change.Epoch, 0, 0, 0, 0, 0, 0, 0, 1];
        yield return [(byte)Change.CutShort, 15];
        yield return [(byte)Change.CopyNode, 0, 2];
        yield return [(byte)Change.InfoExtension, .. new Extension(ExtensionType.ExternalPub, new ExternalPub(new byte[32]).Encode()).Encode()];
        yield return [(byte)Change.ContextExtensions, .. new Proposal.GroupContextExtensions([new Extension(ExtensionType.RequiredCapabilities, new byte[3])]).Encode<Proposal>()];
        for (byte i = 0; i < nodes.Length; i++)
        {
            yield return [(byte)Change.Blank, i];
            if (nodes[i] is Node.Leaf leaf)
                yield return [(byte)Change.Leaf, i, .. (leaf.LeafNode with { SignatureKey = new byte[1], EncryptionKey = (byte[])[i], Signature = default }).Encode()];
            if (nodes[i] is Node.Parent parent)
                yield return [(byte)Change.Parent, i, .. (parent.ParentNode with { EncryptionKey = default, ParentHash = default }).Encode()];
        }
    }

    /// <summary>Makes the change of this number, with what it needs from the reader.</summary>
    public void Apply(byte number, TlsReader reader)
    {
        IsHonest = false;
        switch ((Change)number)
        {
            case Change.Signer:
                Info = Info with { Signer = new LeafIndex(reader.ReadUInt8()) };
                break;
            case Change.Epoch:
                Info = Info with { GroupContext = Info.GroupContext with { Epoch = reader.ReadUInt64() } };
                break;
            case Change.ContextExtensions:
                if (Proposal.Read(reader) is Proposal.GroupContextExtensions { Extensions: var extensions })
                    Info = Info with { GroupContext = Info.GroupContext with { Extensions = extensions } };
                break;
            case Change.InfoExtension:
                Info = Info with { Extensions = Info.Extensions.Add(Extension.Read(reader)) };
                break;
            default:
                Nodes = ChangeNode((Change)number, reader);
                break;
        }
    }

    private ImmutableArray<Node?> ChangeNode(Change change, TlsReader reader)
    {
        int index = reader.ReadUInt8() % Nodes.Length;
        switch (change)
        {
            case Change.Blank:
                return Nodes.SetItem(index, null);
            case Change.CutShort:
                return Nodes[..index];
            case Change.CopyNode:
                int target = reader.ReadUInt8() % Nodes.Length;
                return Nodes.SetItem(target, Nodes[index]);
            case Change.Leaf:
                LeafNode leaf = contents.Complete(LeafNode.Read(reader), null, new LeafIndex((uint)index / 2));
                return reader.Error == DecodeError.None ? Nodes.SetItem(index, new Node.Leaf(leaf)) : Nodes;
            default:
                ParentNode parent = ParentNode.Read(reader);
                ParentNode? old = (Nodes[index] as Node.Parent)?.ParentNode;
                parent = parent with
                {
                    EncryptionKey = contents.PublicKey(parent.EncryptionKey, old?.EncryptionKey ?? default),
                    ParentHash = parent.ParentHash.Length <= 1 ? old?.ParentHash ?? default : parent.ParentHash,
                };
                return reader.Error == DecodeError.None ? Nodes.SetItem(index, new Node.Parent(parent)) : Nodes;
        }
    }
}
