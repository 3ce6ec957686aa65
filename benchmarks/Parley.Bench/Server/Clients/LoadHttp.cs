using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Parley.Contracts;
using Parley.Contracts.Resources;

namespace Parley.Bench.Server.Clients;

/// <summary>The few HTTP requests of a client, one after the other on the connection that then becomes its WebSocket.</summary>
internal static class LoadHttp
{
    /// <summary>Makes an account and its device.</summary>
    public static async Task RegisterAsync(this LoadStream stream, string invite, LoadDevice device, CancellationToken cancellationToken) =>
        await stream.RequestAsync("POST", Routes.Accounts, null, new NewAccount(invite, device.Certificate), ResourcesJson.Default.NewAccount, cancellationToken);

    /// <summary>Makes a group's log.</summary>
    public static async Task CreateGroupAsync(this LoadStream stream, byte[] group, string token, CancellationToken cancellationToken) =>
        await stream.RequestAsync("PUT", Routes.GroupById.Replace("{group}", Convert.ToHexStringLower(group)), token, [], cancellationToken);

    /// <summary>Makes an invite, by the token of anybody.</summary>
    public static async Task<string> InviteAsync(this LoadStream stream, string token, int uses, CancellationToken cancellationToken) =>
        Parse(await stream.RequestAsync("POST", Routes.Invites, token, new NewInvite(uses, ValidHours: 1), ResourcesJson.Default.NewInvite, cancellationToken), ResourcesJson.Default.Invite).Code;

    /// <summary>Sends a request, and returns the body of its answer.</summary>
    /// <exception cref="HttpRequestException">The server refuses it.</exception>
    public static async Task<byte[]> RequestAsync(this LoadStream stream, string method, string path, string? token, byte[] body, CancellationToken cancellationToken)
    {
        string authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        string content = body.Length == 0 ? "" : "Content-Type: application/json\r\n";
        string head = string.Create(CultureInfo.InvariantCulture, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}{content}Content-Length: {body.Length}\r\n\r\n");
        await stream.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body], cancellationToken);
        (HttpStatusCode status, string headers) = await stream.HeadAsync(cancellationToken);
        byte[] answer = headers.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase)
            ? await stream.ChunksAsync(cancellationToken)
            : await stream.BytesAsync(LengthOf(headers), cancellationToken);
        return status is HttpStatusCode.OK or HttpStatusCode.NoContent ? answer : throw new HttpRequestException($"{method} {path}: {status} {Encoding.UTF8.GetString(answer)}", null, status);
    }

    /// <summary>Reads an answer's status and headers.</summary>
    public static async Task<(HttpStatusCode Status, string Headers)> HeadAsync(this LoadStream stream, CancellationToken cancellationToken)
    {
        int end;
        while ((end = stream.Received.Span.IndexOf("\r\n\r\n"u8)) < 0)
            await stream.ReceiveAsync(cancellationToken);
        string head = Encoding.ASCII.GetString(stream.Received.Span[..end]);
        stream.Take(end + 4);

        // "HTTP/1.1 200 OK"
        return ((HttpStatusCode)int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture), head);
    }

    private static Task<byte[]> RequestAsync<T>(this LoadStream stream, string method, string path, string? token, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        stream.RequestAsync(method, path, token, JsonSerializer.SerializeToUtf8Bytes(body, type), cancellationToken);

    private static T Parse<T>(byte[] json, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(json, type) ?? throw new InvalidDataException("The server answered null.");

    private static int LengthOf(string headers)
    {
        const string Name = "Content-Length: ";
        int start = headers.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
            return 0;
        ReadOnlySpan<char> value = headers.AsSpan(start + Name.Length);
        return int.Parse(value[..(value.IndexOf('\r') is var end and >= 0 ? end : value.Length)], CultureInfo.InvariantCulture);
    }

    private static async Task<byte[]> ChunksAsync(this LoadStream stream, CancellationToken cancellationToken)
    {
        var body = new List<byte>();
        while (true)
        {
            int end;
            while ((end = stream.Received.Span.IndexOf("\r\n"u8)) < 0)
                await stream.ReceiveAsync(cancellationToken);
            int length = int.Parse(stream.Received.Span[..end], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            stream.Take(end + 2);
            body.AddRange(await stream.BytesAsync(length, cancellationToken));
            await stream.BytesAsync(2, cancellationToken);
            if (length == 0)
                return [.. body];
        }
    }

    private static async Task<byte[]> BytesAsync(this LoadStream stream, int count, CancellationToken cancellationToken)
    {
        while (stream.Received.Length < count)
            await stream.ReceiveAsync(cancellationToken);
        byte[] bytes = stream.Received[..count].ToArray();
        stream.Take(count);
        return bytes;
    }
}
