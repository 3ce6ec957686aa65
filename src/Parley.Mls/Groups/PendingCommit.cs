using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Storage;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §14: a Commit of our own, made and stored but not yet in effect. It is merged when the Delivery Service has accepted it,
/// and cleared when another was first.
/// </summary>
public sealed class PendingCommit : IDisposable
{
    private readonly Secret? _leafKey;
    private readonly Secret? _pathSecret;

    internal PendingCommit(StagedCommit staged, AuthenticatedContent content, ReadOnlyMemory<byte> message, ReadOnlyMemory<byte>? welcome, Secret? leafKey, Secret? pathSecret)
    {
        Staged = staged;
        Content = content;
        Message = message;
        Welcome = welcome;
        _leafKey = leafKey;
        _pathSecret = pathSecret;
    }

    /// <summary>The encoded MLSMessage to send.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>The encoded MLSMessage with the Welcome for those who are added, or null. Not to be delivered before the Commit is accepted.</summary>
    public ReadOnlyMemory<byte>? Welcome { get; }

    /// <summary>What it will change.</summary>
    public StagedCommit Staged { get; }

    internal AuthenticatedContent Content { get; }

    /// <summary>The public tree it leads to, to be given to a new member beside the Welcome.</summary>
    public RatchetTreeExtension ExportRatchetTree() => Staged.Tree.ToExtension();

    /// <summary>Drops it and zeroes its secrets.</summary>
    public void Dispose()
    {
        Staged.Dispose();
        _leafKey?.Dispose();
        _pathSecret?.Dispose();
    }

    /// <summary>
    /// What the Commit can be staged again from after a restart: the content and the two secrets its path began with. Everything else
    /// follows from them and from the group's own state.
    /// </summary>
    internal ReadOnlyMemory<byte> Serialize()
    {
        byte[] content = Content.Encode(capacity: 512 + Message.Length);
        var writer = new TlsWriter(512 + content.Length + Message.Length + (Welcome?.Length ?? 0));
        writer.WriteVector(content);
        writer.WriteVector(Message);
        writer.WriteVector(Welcome ?? default);
        writer.WriteOptional(_leafKey, static (w, secret) => w.WriteVector(secret.AsSpan()));
        writer.WriteOptional(_pathSecret, static (w, secret) => w.WriteVector(secret.AsSpan()));
        return writer.Take();
    }

    internal sealed record Stored(AuthenticatedContent Content, byte[] Message, ReadOnlyMemory<byte>? Welcome, Secret? LeafKey, Secret? PathSecret)
    {
        /// <summary>Reads what <see cref="Serialize"/> wrote, and takes it over.</summary>
        public static Stored Read(byte[] serialized)
        {
            var reader = new TlsReader(serialized);
            AuthenticatedContent content = reader.ReadInVector(AuthenticatedContent.Read);
            byte[] message = reader.ReadVector().ToArray();
            byte[] welcome = reader.ReadVector().ToArray();
            Secret? leafKey = reader.ReadOptional(static r => r.TakeSecret());
            Secret? pathSecret = reader.ReadOptional(static r => r.TakeSecret());
            Invariant.That(reader.Finish());
            return new Stored(content, message, welcome.Length == 0 ? (ReadOnlyMemory<byte>?)null : welcome, leafKey, pathSecret);
        }
    }
}
