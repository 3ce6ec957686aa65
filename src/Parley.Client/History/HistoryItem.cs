using System.Text;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>One message that is handed over. Who sent it is the word of whoever hands it over: the signature of an entry cannot be checked without its epoch's keys.</summary>
/// <param name="Sequence">Its place in the conversation's log; 0 if that is not known.</param>
/// <param name="At">When the server had received it.</param>
/// <param name="Sender">Who sent it.</param>
/// <param name="HandedOverBy">Who had handed it over to the one who does so now, or null.</param>
/// <param name="Mimi">Its encoded content, from which its id follows.</param>
internal sealed record HistoryItem(ulong Sequence, DateTimeOffset At, Handle Sender, Handle? HandedOverBy, ReadOnlyMemory<byte> Mimi)
{
    private const int OverheadBytes = 64;

    /// <summary>About how long it is when encoded.</summary>
    public int Bytes => Mimi.Length + OverheadBytes;

    /// <summary>Reads one; null, and the reader has failed, if a handle is none.</summary>
    public static HistoryItem? Read(TlsReader reader)
    {
        (ulong sequence, ulong at) = (reader.ReadUInt64(), reader.ReadUInt64());
        bool hasSender = TryReadHandle(reader, out Handle? sender);
        bool isRight = TryReadHandle(reader, out Handle? by) || reader.Error == DecodeError.None;
        ReadOnlyMemory<byte> mimi = reader.ReadVector();
        if (hasSender && sender is not null && isRight && at <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return new HistoryItem(sequence, DateTimeOffset.FromUnixTimeMilliseconds((long)at), sender, by, mimi);
        reader.Fail(DecodeError.UnknownEnumValue);
        return null;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt64(Sequence);
        writer.WriteUInt64((ulong)At.ToUnixTimeMilliseconds());
        writer.WriteVector(Encoding.ASCII.GetBytes(Sender.Value));
        writer.WriteVector(Encoding.ASCII.GetBytes(HandedOverBy?.Value ?? ""));
        writer.WriteVector(Mimi);
    }

    private static bool TryReadHandle(TlsReader reader, out Handle? handle)
    {
        string text = Encoding.ASCII.GetString(reader.ReadVector().Span);
        handle = null;
        if (text.Length == 0)
            return false;
        if (Handle.IsCanonical(text) && Handle.TryParse(text, out handle))
            return true;
        reader.Fail(DecodeError.UnknownEnumValue);
        return false;
    }
}
