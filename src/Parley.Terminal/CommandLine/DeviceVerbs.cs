using System.CommandLine;
using System.Globalization;
using Parley.Client;
using Parley.Client.Devices;
using Parley.Contracts.Identity;
using Parley.Terminal.Profile;
using Parley.Terminal.Text;
using QRCoder;

namespace Parley.Terminal.CommandLine;

/// <summary>The commands about the account's devices: link, devices, add-device, share-devices, name-device, revoke-device.</summary>
internal static class DeviceVerbs
{
    // The other device may have to come up, and to look at what it was added to.
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(30);

    /// <summary>All of them.</summary>
    public static IEnumerable<Verb> All() => [Link(), Devices(), AddDevice(), ShareDevices(), NameDevice(), RevokeDevice()];

    private static Verb Link()
    {
        var server = new Argument<string>("SERVER") { Description = "The server's address." };
        return new Verb(
            new Command("link", "Makes this a further device of your account: shows a code for one that you have already.") { server },
            (parsed, invocation) => LinkAsync(invocation, parsed.GetRequiredValue(server)),
            "parley link https://chat.example.org");
    }

    private static async Task<ExitCode> LinkAsync(Invocation invocation, string server)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            return invocation.Fail("usage", "That is not a server’s address. It looks like https://chat.example.org.", ExitCode.Usage);
        if (!invocation.OpenProfile().TryGetValue(out ProfileSession? session, out ClientError? error))
            return invocation.Fail(error);
        await using (session)
        {
            if (!(await session.BeginLinkAsync(new Uri(address.GetLeftPart(UriPartial.Authority)), invocation.Cancelled)).TryGetValue(out LinkingDevice? device, out error))
                return invocation.Fail(error);
            using (device)
                return await LinkAsync(invocation, session, device);
        }
    }

    private static async Task<ExitCode> LinkAsync(Invocation invocation, ProfileSession session, LinkingDevice device)
    {
        string code = $"{device.Code[..4]}-{device.Code[4..]}";
        invocation.Answer(
            new LinkCodeAnswer(code, device.Text),
            AnswersJson.Default.LinkCodeAnswer,
            $"{Draw(device.Text)}\nOn a device that you have already, within ten minutes:  parley add-device {code}");
        await invocation.Console.Out.FlushAsync(invocation.Cancelled);
        if (!(await device.WaitAsync(invocation.Cancelled)).TryGetValue(out LinkOffer? offer, out ClientError? error))
            return invocation.Fail(error);
        if (offer.Number is { } number)
        {
            invocation.Answer(
                new LinkNumberAnswer(offer.Account.ToString(), number),
                AnswersJson.Default.LinkNumberAnswer,
                $"A device of {offer.Account} has answered. Type this number there:  {number}\nThen type the number that it shows here:");
            await invocation.Console.Out.FlushAsync(invocation.Cancelled);
            if (await invocation.Console.In.ReadLineAsync(invocation.Cancelled) is not { } typed || !device.IsNumberOfOther(typed))
                return invocation.Fail(ErrorText.Of(ClientErrorCode.LinkMismatch));
        }

        ClientResult linked = await invocation.ProgressAsync("Waiting for the other device…", session.FinishLinkAsync(device, invocation.Cancelled));
        if (!linked.Succeeded)
            return invocation.Fail(linked.Error);
        if (session.Client is not { } client)
            throw new InvalidOperationException("An account that was handed over has a client.");
        invocation.Answer(
            new AccountAnswer(client.Self.ToString(), client.Server, client.Device.ToString(), invocation.ProfileFolder),
            AnswersJson.Default.AccountAnswer,
            $"This is a device of {client.Self} now.");
        await invocation.Console.Out.FlushAsync(invocation.Cancelled);
        client.Start();
        await SettleAsync(invocation, client, client.Device);
        return ExitCode.Done;
    }

    private static Verb Devices() => new(
        new Command("devices", "Lists the devices of your account."),
        (_, invocation) => invocation.WithServerAsync(async client =>
        {
            if (!(await client.ListDevicesAsync(invocation.Cancelled)).TryGetValue(out IReadOnlyList<DeviceInfo>? devices, out ClientError? error))
                return invocation.Fail(error);
            if (invocation.Json)
                invocation.Answer([.. devices.Select(device => new DeviceAnswer(device.Id.ToString(), device.AddedAt, device.IsThis, device.Name, device.IsShared))], AnswersJson.Default.DeviceAnswerArray, "");
            else
                invocation.Table(["Device", "Name", "Added", ""], devices.Select(Row));
            return ExitCode.Done;
        }),
        "parley devices", "parley devices --json");

    private static IReadOnlyList<string> Row(DeviceInfo device) =>
        [device.Id.ToString(), device.Name, device.AddedAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), device.IsThis ? "this device" : device.IsShared ? "" : "not taken in by your other devices"];

    private static Verb AddDevice()
    {
        var code = new Argument<string>("CODE") { Description = "What the new device shows: the code, or the text of its QR code." };
        return new Verb(
            new Command("add-device", "Takes a new device into your account, and into your conversations.") { code },
            (parsed, invocation) => invocation.WithServerAsync(client => AddDeviceAsync(invocation, client, parsed.GetRequiredValue(code))),
            "parley add-device 7KQ2-M9XD");
    }

    private static async Task<ExitCode> AddDeviceAsync(Invocation invocation, ParleyClient client, string code)
    {
        var added = await client.AddDeviceAsync(
            code,
            async cancelled =>
            {
                if (!invocation.Json)
                    await invocation.Console.Out.WriteAsync("Type the number that the new device shows: ".AsMemory(), cancelled);
                await invocation.Console.Out.FlushAsync(cancelled);
                return await invocation.Console.In.ReadLineAsync(cancelled);
            },
            number =>
            {
                invocation.Answer(new LinkNumberAnswer(client.Self.ToString(), number), AnswersJson.Default.LinkNumberAnswer, $"Now type this number on the new device:  {number}");
                invocation.Console.Out.Flush();
            },
            invocation.Cancelled);
        return added.Succeeded ? await ShareAsync(invocation, client, added.Value) : invocation.Fail(added.Error);
    }

    private static Verb ShareDevices() => new(
        new Command("share-devices", "Adds your devices to the conversations that do not have them yet."),
        (_, invocation) => invocation.WithServerAsync(client => ShareAsync(invocation, client, device: null)),
        "parley share-devices");

    private static Verb RevokeDevice()
    {
        var device = new Argument<string>("DEVICE") { Description = "The device’s id, or its beginning, as “parley devices” shows it." };
        return new Verb(
            new Command("revoke-device", "Takes a device out of your account and out of all conversations.") { device },
            (parsed, invocation) => invocation.WithServerAsync(client => RevokeDeviceAsync(invocation, client, parsed.GetRequiredValue(device))),
            "parley revoke-device 3f09c2");
    }

    private static async Task<ExitCode> RevokeDeviceAsync(Invocation invocation, ParleyClient client, string text)
    {
        if (!(await client.FindDeviceAsync(text, invocation.Cancelled)).TryGetValue(out DeviceId device, out ClientError? error))
            return invocation.Fail(error);
        ClientResult revoked = await invocation.ProgressAsync("Taking the device out of your conversations…", client.RevokeDeviceAsync(device, invocation.Cancelled));
        if (!revoked.Succeeded)
            return invocation.Fail(revoked.Error);
        invocation.Answer(new DeviceRevokedAnswer(device.ToString()), AnswersJson.Default.DeviceRevokedAnswer, "The device is out of your account and your conversations.");
        return ExitCode.Done;
    }

    private static Verb NameDevice()
    {
        var device = new Argument<string>("DEVICE") { Description = "The device’s id, its beginning, or its name." };
        var name = new Argument<string>("NAME") { Description = "The name; the empty one takes it away." };
        return new Verb(
            new Command("name-device", "Gives one of your devices a name, which your devices see and nobody else.") { device, name },
            (parsed, invocation) => invocation.WithServerAsync(async client =>
            {
                if (!(await client.FindDeviceAsync(parsed.GetRequiredValue(device), invocation.Cancelled)).TryGetValue(out DeviceId id, out ClientError? error))
                    return invocation.Fail(error);
                string given = parsed.GetRequiredValue(name);
                ClientResult named = client.SetDeviceName(id, given);
                if (!named.Succeeded)
                    return invocation.Fail(named.Error);
                invocation.Answer(new DeviceNamedAnswer(id.ToString(), given), AnswersJson.Default.DeviceNamedAnswer, "The device has its name.");
                return ExitCode.Done;
            }),
            "parley name-device 3f09c2 laptop");
    }

    /// <summary>Stays until a new device has all it is to have, and says how far that is.</summary>
    private static async Task SettleAsync(Invocation invocation, ParleyClient client, DeviceId device)
    {
        bool isShown = !invocation.Json && invocation.Console.ErrorIsTerminal;
        bool hasSettled = await client.SettleAsync(
            device,
            SettlePatience,
            (done, total) =>
            {
                if (isShown && total > 0)
                    invocation.Console.Error.Write($"\rHistory: {Plural.Grouped(done)} of {Plural.Grouped(total)} messages ");
            },
            invocation.Cancelled);
        if (isShown)
            invocation.Console.Error.Write(hasSettled ? "\rAll conversations and their history are there.\n" : "\rWhat is missing comes when both devices are online.\n");
    }

    /// <summary>A new device may need a moment until it has said what it can be added with.</summary>
    private static async Task<ExitCode> ShareAsync(Invocation invocation, ParleyClient client, DeviceId? device)
    {
        if (device is { } added)
        {
            ClientResult ready = await invocation.ProgressAsync("Waiting for the new device…", client.WaitForSupplyAsync(added, invocation.Cancelled));
            if (!ready.Succeeded)
                return invocation.Fail(AnswersJson.Name(ready.Error.Code), "The device is one of yours now, but it has not come up yet. Once it has: parley share-devices", ExitCode.Refused);
        }

        if (!(await invocation.ProgressAsync("Adding your devices to your conversations…", client.AddDevicesToConversationsAsync(device, invocation.Cancelled))).TryGetValue(out int count, out ClientError? error))
            return invocation.Fail(error);
        string sentence = count == 0 ? "You have no conversation yet that they could be in." : $"Your devices are in {Plural.Of(count, "conversation")} of yours.";
        invocation.Answer(new DeviceAddedAnswer(device?.ToString(), count), AnswersJson.Default.DeviceAddedAnswer, sentence);
        await invocation.Console.Out.FlushAsync(invocation.Cancelled);
        if (device is { } settling)
            await SettleAsync(invocation, client, settling);
        return ExitCode.Done;
    }

    /// <summary>The QR code, two rows of it in each line of text.</summary>
    private static string Draw(string text)
    {
        using var generator = new QRCodeGenerator();
        using QRCodeData data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        var lines = new System.Text.StringBuilder();
        for (int y = 0; y < data.ModuleMatrix.Count; y += 2)
        {
            for (int x = 0; x < data.ModuleMatrix.Count; x++)
            {
                bool upper = data.ModuleMatrix[y][x];
                bool lower = y + 1 < data.ModuleMatrix.Count && data.ModuleMatrix[y + 1][x];
                lines.Append((upper, lower) switch { (true, true) => ' ', (true, false) => '▄', (false, true) => '▀', (false, false) => '█' });
            }

            lines.Append('\n');
        }

        return lines.ToString();
    }
}
