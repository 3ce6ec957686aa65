using System.Collections.Immutable;
using System.Text;
using Parley.Client.History;
using Parley.Client.Store;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Outbox;

/// <summary>
/// One thing a conversation has yet to tell the server, stored until the log echoes it. An entry is written as what the user wants
/// (<see cref="OutboxWork"/>) and sealed when its turn comes: only then, with the log read to its end, is it known which epoch it belongs
/// to and who its readers are. The ciphertext is stored, with the ratchet's new state, before it leaves, and the same bytes are sent under
/// the same id until the server has answered: a crash or a lost connection resends them, and the server knows them again. Only when the
/// server says that they came too late for their epoch, and so were never accepted, is the entry sealed anew.
/// </summary>
/// <param name="Number">Its place in the conversation's outbox.</param>
/// <param name="CreatedAt">When the user asked for it.</param>
/// <param name="Work">What the user wants.</param>
/// <param name="Sealed">What is sent, once it has been encrypted.</param>
internal sealed record OutboxEntry(long Number, DateTimeOffset CreatedAt, OutboxWork Work, SealedMessage? Sealed)
{
    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteUInt64((ulong)CreatedAt.ToUnixTimeMilliseconds());
        Work.Write(writer);
        writer.WriteOptional(Sealed, static (w, message) => message.Write(w));
        return writer.ToArray();
    }

    public static OutboxEntry Decode(long number, ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        var entry = new OutboxEntry(
            number, DateTimeOffset.FromUnixTimeMilliseconds((long)reader.ReadUInt64()), OutboxWork.Read(reader), reader.ReadOptional(SealedMessage.Read));
        return reader.Finish() ? entry : throw new InvalidDataException("A stored outbox entry is damaged.");
    }
}

/// <summary>What is appended to the log.</summary>
/// <param name="Id">The id under which it is appended, and again if need be.</param>
/// <param name="Epoch">The epoch it was made in.</param>
/// <param name="Message">An encoded MLSMessage.</param>
/// <param name="Welcome">For a Commit that adds devices, an encoded Welcome; else empty.</param>
/// <param name="Added">The devices a Commit adds.</param>
/// <param name="Removed">The devices a Commit removes.</param>
internal sealed record SealedMessage(
    ReadOnlyMemory<byte> Id, ulong Epoch, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> Welcome, ImmutableArray<DeviceId> Added, ImmutableArray<DeviceId> Removed)
{
    public void Write(TlsWriter writer)
    {
        writer.WriteVector(Id);
        writer.WriteUInt64(Epoch);
        writer.WriteVector(Message);
        writer.WriteVector(Welcome);
        writer.WriteVectorOf(Added, static (w, device) => w.WriteBytes(device.ToArray()));
        writer.WriteVectorOf(Removed, static (w, device) => w.WriteBytes(device.ToArray()));
    }

    public static SealedMessage Read(TlsReader reader) => new(
        reader.ReadVector(),
        reader.ReadUInt64(),
        reader.ReadVector(),
        reader.ReadVector(),
        reader.ReadVectorOf(StoredId.ReadDevice, Limits.DevicesPerCommitMax),
        reader.ReadVectorOf(StoredId.ReadDevice, Limits.DevicesPerCommitMax));
}

/// <summary>What the user wants, or what the conversation needs.</summary>
internal abstract record OutboxWork
{
    private const int KeyPackagesMax = Limits.DevicesPerCommitMax;

    private OutboxWork()
    {
    }

    private enum Tag : byte
    {
        CreateLog = 1,
        Message = 2,
        Add = 3,
        Remove = 4,
        Rename = 5,
        Leave = 6,
        CommitProposals = 7,
        Update = 8,
        Return = 9,
        RemoveDevices = 16,
        Signal = 17,
        ShareState = 18,
        HandOver = 19,
        SetHistory = 20,
        Receipt = 32,
    }

    /// <summary>Whether it is sent as an application message, which outlives its epoch; all else is a handshake message.</summary>
    public bool IsApplication => this is Message or Signal or ShareState or HandOver or Receipt;

    public static OutboxWork Read(TlsReader reader)
    {
        switch ((Tag)reader.ReadUInt8())
        {
            case Tag.CreateLog:
                return new CreateLog();
            case Tag.Message:
                return new Message(StoredId.ReadMessage(reader), reader.ReadVector());
            case Tag.Receipt:
                return new Receipt((long)reader.ReadUInt64(), (long)reader.ReadUInt64());
            case Tag.Add:
                return new Add(reader.ReadVectorOf(static r => r.ReadVector(), KeyPackagesMax));
            case Tag.Remove:
                return new Remove(ReadHandle(reader));
            case Tag.Rename:
                return new Rename(Encoding.UTF8.GetString(reader.ReadVector().Span));
            case Tag.RemoveDevices:
                return new RemoveDevices(reader.ReadVectorOf(StoredId.ReadDevice, KeyPackagesMax));
            case Tag.Leave:
                return new Leave();
            case Tag.CommitProposals:
                return new CommitProposals();
            case Tag.Update:
                return new Update();
            case Tag.Return:
                return new Return();
            case Tag.Signal:
                return new Signal(reader.ReadVector());
            case Tag.ShareState:
                return new ShareState(reader.ReadVector());
            case Tag.HandOver:
                return new HandOver(HistoryJob.Read(reader));
            case Tag.SetHistory:
                return new SetHistory(new HistoryPolicy((HistoryPolicyKind)reader.ReadUInt8(), reader.ReadUInt16()));
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Update();
        }
    }

    public void Write(TlsWriter writer)
    {
        switch (this)
        {
            case CreateLog:
                writer.WriteUInt8((byte)Tag.CreateLog);
                break;
            case Message message:
                writer.WriteUInt8((byte)Tag.Message);
                writer.WriteBytes(message.Id.ToArray());
                writer.WriteVector(message.Mimi);
                break;
            case Receipt receipt:
                writer.WriteUInt8((byte)Tag.Receipt);
                writer.WriteUInt64((ulong)receipt.DeliveredUpTo);
                writer.WriteUInt64((ulong)receipt.ReadUpTo);
                break;
            case Add add:
                writer.WriteUInt8((byte)Tag.Add);
                writer.WriteVectorOf(add.KeyPackages, static (w, keyPackage) => w.WriteVector(keyPackage));
                break;
            case Remove remove:
                writer.WriteUInt8((byte)Tag.Remove);
                writer.WriteVector(Encoding.ASCII.GetBytes(remove.Handle.Value));
                break;
            case Rename rename:
                writer.WriteUInt8((byte)Tag.Rename);
                writer.WriteVector(Encoding.UTF8.GetBytes(rename.Name));
                break;
            case RemoveDevices remove:
                writer.WriteUInt8((byte)Tag.RemoveDevices);
                writer.WriteVectorOf(remove.Devices, static (w, device) => w.WriteBytes(device.ToArray()));
                break;
            case Leave:
                writer.WriteUInt8((byte)Tag.Leave);
                break;
            case CommitProposals:
                writer.WriteUInt8((byte)Tag.CommitProposals);
                break;
            case Update:
                writer.WriteUInt8((byte)Tag.Update);
                break;
            case Return:
                writer.WriteUInt8((byte)Tag.Return);
                break;
            case Signal signal:
                writer.WriteUInt8((byte)Tag.Signal);
                writer.WriteVector(signal.Mimi);
                break;
            case ShareState share:
                writer.WriteUInt8((byte)Tag.ShareState);
                writer.WriteVector(share.Shared);
                break;
            case HandOver handOver:
                writer.WriteUInt8((byte)Tag.HandOver);
                handOver.Job.Write(writer);
                break;
            case SetHistory set:
                writer.WriteUInt8((byte)Tag.SetHistory);
                writer.WriteUInt8((byte)set.Policy.Kind);
                writer.WriteUInt16((ushort)set.Policy.Days);
                break;
        }
    }

    private static Handle ReadHandle(TlsReader reader)
    {
        if (Handle.TryParse(Encoding.ASCII.GetString(reader.ReadVector().Span), out Handle? handle))
            return handle;
        throw new InvalidDataException("A stored outbox entry is damaged.");
    }

    /// <summary>Makes the group's log on the server.</summary>
    public sealed record CreateLog : OutboxWork;

    /// <summary>An application message.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Mimi">Its encoded content.</param>
    public sealed record Message(MessageId Id, ReadOnlyMemory<byte> Mimi) : OutboxWork;

    /// <summary>Tells the others what this device has and what was read.</summary>
    /// <param name="DeliveredUpTo">The order up to which it has told them, once it is sealed.</param>
    /// <param name="ReadUpTo">The order up to which it has told them what was read.</param>
    public sealed record Receipt(long DeliveredUpTo, long ReadUpTo) : OutboxWork;

    /// <summary>Adds devices.</summary>
    /// <param name="KeyPackages">Encoded KeyPackages that the server handed out.</param>
    public sealed record Add(ImmutableArray<ReadOnlyMemory<byte>> KeyPackages) : OutboxWork;

    /// <summary>Removes a person with all devices.</summary>
    /// <param name="Handle">The person.</param>
    public sealed record Remove(Handle Handle) : OutboxWork;

    /// <summary>Removes devices of one's own, if they are there.</summary>
    /// <param name="Devices">Which; never this one.</param>
    public sealed record RemoveDevices(ImmutableArray<DeviceId> Devices) : OutboxWork;

    /// <summary>Renames the group.</summary>
    /// <param name="Name">The new name.</param>
    public sealed record Rename(string Name) : OutboxWork;

    /// <summary>Proposes one's own removal.</summary>
    public sealed record Leave : OutboxWork;

    /// <summary>Commits what others have proposed.</summary>
    public sealed record CommitProposals : OutboxWork;

    /// <summary>Gives one's own leaf new keys.</summary>
    public sealed record Update : OutboxWork;

    /// <summary>Asks the members to add this device again, which cannot follow them any more.</summary>
    public sealed record Return : OutboxWork;

    /// <summary>What a program says to programs.</summary>
    /// <param name="Mimi">Its encoded content.</param>
    public sealed record Signal(ReadOnlyMemory<byte> Mimi) : OutboxWork;

    /// <summary>Tells the account's other devices what of its state they have not been told. What that is, is found when it is sealed.</summary>
    /// <param name="Shared">Once it is sealed: the encoded message.</param>
    public sealed record ShareState(ReadOnlyMemory<byte> Shared) : OutboxWork;

    /// <summary>Hands over a part of a conversation's history, which is read when it is sealed.</summary>
    /// <param name="Job">Of what, and how far it has got.</param>
    public sealed record HandOver(HistoryJob Job) : OutboxWork;

    /// <summary>Changes what those who are added are handed of what was said before.</summary>
    /// <param name="Policy">The new policy.</param>
    public sealed record SetHistory(HistoryPolicy Policy) : OutboxWork;
}
