using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Parley.Bench.Server.Clients;

namespace Parley.Bench.Server.Xmpp;

/// <summary>
/// An XMPP client that costs as little as possible: it does not parse the stream, but looks for the ends of stanzas, and of a message reads
/// only its id, which is the time it was sent.
/// </summary>
internal sealed class XmppClient(LoadStream stream) : ChatClient(stream)
{
    public const string Domain = "localhost";
    public const string Password = "secret";

    private const string Rooms = "conference." + Domain;

    private static readonly byte[] Header = Encoding.ASCII.GetBytes(
        $"<?xml version='1.0'?><stream:stream to='{Domain}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");

    private static readonly byte[] Online = Encoding.ASCII.GetBytes(
        "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>load</resource></bind></iq><presence/>");

    private static readonly byte[] Farewell = Encoding.ASCII.GetBytes("</stream:stream>");

    protected override ReadOnlyMemory<byte> Goodbye => Farewell;

    /// <summary>Brings a user online: signs in with a password, binds a resource, and is present. Returns when its own presence has come back.</summary>
    public static async Task<XmppClient> SignInAsync(Uri server, string user, CancellationToken cancellationToken)
    {
        LoadStream stream = await LoadStream.ConnectAsync(server, cancellationToken);
        try
        {
            var client = new XmppClient(stream);
            await client.AskAsync(Header, "</stream:features>", cancellationToken);
            string proof = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{Password}"));
            await client.AskAsync(Encoding.ASCII.GetBytes($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>"), "<success", cancellationToken);
            await client.AskAsync(Header, "</stream:features>", cancellationToken);
            await client.AskAsync(Online, $"from='{user}@{Domain}/load'", cancellationToken);
            return client;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Enters a room, which the first one makes.</summary>
    public Task EnterAsync(string room, string name, CancellationToken cancellationToken)
    {
        string presence = $"<presence to='{room}@{Rooms}/{name}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>";
        return AskAsync(Encoding.ASCII.GetBytes(presence), "<status code='110'/>", cancellationToken);
    }

    /// <summary>Messages to a room or a user, in one piece.</summary>
    public static Func<int, byte[]> Messages(string room, string? user, int textBytes)
    {
        string to = user is null ? $"to='{room}@{Rooms}' type='groupchat'" : $"to='{user}@{Domain}/load' type='chat'";
        string text = new('x', textBytes);
        return count =>
        {
            var stanzas = new StringBuilder();
            for (int i = 0; i < count; i++)
                stanzas.Append(CultureInfo.InvariantCulture, $"<message {to} id='{System.Diagnostics.Stopwatch.GetTimestamp()}'><body>{text}</body></message>");
            return Encoding.ASCII.GetBytes(stanzas.ToString());
        };
    }

    public override bool TryTakeMessage(out long sentAt)
    {
        sentAt = 0;
        while (Stream.Received.Span is var waiting && waiting.IndexOf("</message>"u8) is var end and >= 0)
        {
            ReadOnlySpan<byte> message = waiting[..end];
            Stream.Take(end + "</message>".Length);
            message = message[message.IndexOf("<message "u8)..];
            message = message[..message.IndexOf((byte)'>')];
            if (message.IndexOf("type='error'"u8) >= 0)
                throw new InvalidOperationException("The server has sent a message back: it was not delivered.");
            int id = message.IndexOf(" id='"u8);
            if (id >= 0 && Utf8Parser.TryParse(message[(id + " id='".Length)..], out sentAt, out _))
                return true;
        }

        return false;
    }

    private async Task AskAsync(ReadOnlyMemory<byte> question, string answer, CancellationToken cancellationToken)
    {
        byte[] awaited = Encoding.ASCII.GetBytes(answer);
        await Stream.SendAsync(question, cancellationToken);
        int end;
        while ((end = Stream.Received.Span.IndexOf(awaited)) < 0)
        {
            if (Stream.Received.Span.IndexOf("<failure"u8) >= 0 || Stream.Received.Span.IndexOf("type='error'"u8) >= 0)
                throw new InvalidOperationException("The server answered " + Encoding.UTF8.GetString(Stream.Received.Span));
            await Stream.ReceiveAsync(cancellationToken);
        }

        Stream.Take(end + awaited.Length);
    }
}
