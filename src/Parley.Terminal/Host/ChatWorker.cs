using System.Threading.Channels;
using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Chat;
using Parley.Terminal.Export;
using Parley.Terminal.Profile;
using Parley.Terminal.Text;

namespace Parley.Terminal.Host;

/// <summary>
/// Carries out effects on the client and reports back. One loop does what is local, in order, so that messages leave as they were
/// written; what waits for the server runs beside it and is awaited at the end. The client's changes are merged: however many arrive
/// while the loop is busy, it reads once.
/// </summary>
internal sealed class ChatWorker(ProfileSession session, Action<ChatEvent> post, TimeZoneInfo zone) : IAsyncDisposable
{
    private readonly Channel<ChatEffect?> _work = Channel.CreateUnbounded<ChatEffect?>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _waiting = [];
    private Task _loop = Task.CompletedTask;
    private int _changed;
    private ChatEffect.ReadTimeline? _watched;
    private TaskCompletionSource<string?>? _number;

    /// <summary>Opens the account and begins to work.</summary>
    public void Start() => _loop = Task.Run(() => GuardAsync(LoopAsync));

    /// <summary>Takes an effect to be carried out.</summary>
    public void Enqueue(ChatEffect effect) => _work.Writer.TryWrite(effect);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (session.Client is { } client)
            client.Changed -= OnChanged;
        _work.Writer.TryComplete();
        await _stop.CancelAsync();
        await _loop;
        await Task.WhenAll(_waiting);
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        ClientResult opened = await session.OpenAccountAsync(_stop.Token);
        if (opened.Succeeded)
            Begin();
        else if (opened.Error.Code == ClientErrorCode.AccountMissing)
            post(new ChatEvent.AccountWanted(ProfileSession.SuggestedName()));
        else
            Report(opened);
        await foreach (ChatEffect? effect in _work.Reader.ReadAllAsync(_stop.Token))
            Carry(effect);
    }

    private void Begin()
    {
        if (session.Client is not { } client)
            return;
        client.Changed += OnChanged;
        client.Start();
        post(new ChatEvent.SignedIn(client.Self, client.Server));
        post(new ChatEvent.ConnectionChanged(client.Connection));
        post(new ChatEvent.ConversationsRead([.. client.Conversations]));
    }

    private void OnChanged(ClientEvent change)
    {
        if (change is ClientEvent.ConnectionChanged connection)
            post(new ChatEvent.ConnectionChanged(connection.Status));
        else if (change is ClientEvent.ServerFault fault)
            post(new ChatEvent.Reported(fault.Sentence, IsError: true));
        else if (Interlocked.Exchange(ref _changed, 1) == 0)
            _work.Writer.TryWrite(null);
    }

    private void Carry(ChatEffect? effect)
    {
        _waiting.RemoveAll(task => task.IsCompletedSuccessfully);
        if (effect is ChatEffect.SignUp signUp)
        {
            Wait(() => SignUpAsync(signUp));
            return;
        }

        if (session.Client is not { } client)
            return;
        if (effect is null)
            Refresh(client);
        else if (!CarryHere(client, effect))
            Wait(() => CarryAtServerAsync(client, effect));
    }

    private void Refresh(ParleyClient client)
    {
        Interlocked.Exchange(ref _changed, 0);
        post(new ChatEvent.ConversationsRead([.. client.Conversations]));
        post(new ChatEvent.HistoryRead(HistoryWords.Describe(client.HistoryProgress)));
        if (_watched is { } watched)
            post(new ChatEvent.TimelineRead(watched.Id, watched.Count, [.. client.ReadTimeline(watched.Id, watched.Count)]));
    }

    /// <summary>Does what needs no server; false if it needs one.</summary>
    private bool CarryHere(ParleyClient client, ChatEffect effect)
    {
        switch (effect)
        {
            case ChatEffect.ReadTimeline read:
                _watched = read;
                Refresh(client);
                return true;
            case ChatEffect.MarkRead read:
                client.MarkRead(read.Id, read.UpToOrder);
                return true;
            case ChatEffect.Send send:
                Report(client.Send(send.Id, send.Message).Error);
                return true;
            case ChatEffect.Cancel cancel:
                Report(client.Cancel(cancel.Message), "Taken back. Nobody is sent it.");
                return true;
            case ChatEffect.SetReadReceipts receipts:
                Report(client.SetReadReceipts(receipts.AreSent), receipts.AreSent ? "Others are told what you have read." : "Others are no longer told what you have read.");
                return true;
            case ChatEffect.SetDraft draft:
                client.SetDraft(draft.Id, draft.Text);
                return true;
            case ChatEffect.SetMuted mute:
                Report(client.SetMuted(mute.Id, mute.IsMuted).Error);
                return true;
            case ChatEffect.AnswerNumber answer:
                if (Interlocked.Exchange(ref _number, null)?.TrySetResult(answer.Number) != true)
                    post(new ChatEvent.Reported("No device waits for a number. /device add CODE begins.", IsError: true));
                return true;
            case ChatEffect.SetNickname nickname:
                Report(client.SetNickname(nickname.Name), $"Others now see you as {SafeText.Line(nickname.Name)}.");
                return true;
            case ChatEffect.ReadVerification read:
                if (client.GetVerification(read.Peer).TryGetValue(out Verification? verification, out ClientError? error))
                    post(new ChatEvent.VerificationRead(verification));
                else
                    Report(error);
                return true;
            case ChatEffect.Confirm confirm:
                Report(client.ConfirmVerification(confirm.Peer, verified: true), $"{confirm.Peer} is verified. You will be told if their key changes.");
                return true;
            case ChatEffect.ReadKeys read:
                if (client.Conversations.FirstOrDefault(conversation => conversation.Id == read.Id) is { Healing: { } healing } healed)
                    post(new ChatEvent.KeysRead($"Keys of {ConversationAddress.Of(healed)}", HealingText.Of(healing, TimeProvider.System.GetUtcNow(), zone)));
                else
                    Report(ErrorText.Of(ClientErrorCode.NotMember));
                return true;
            case ChatEffect.Export export:
                Export(client, export);
                return true;
            default:
                return false;
        }
    }

    private async Task CarryAtServerAsync(ParleyClient client, ChatEffect effect)
    {
        CancellationToken stop = _stop.Token;
        switch (effect)
        {
            case ChatEffect.OpenDirect open:
                Shown(await client.OpenDirectAsync(open.Peer, stop), client, open.FirstMessage);
                break;
            case ChatEffect.CreateGroup create:
                Shown(await client.CreateGroupAsync(create.Name, create.Members, stop), client, "");
                break;
            case ChatEffect.AddMember add:
                Report(await client.AddMemberAsync(add.Id, add.Member, stop), $"{add.Member} was added.");
                break;
            case ChatEffect.RemoveMember remove:
                Report(await client.RemoveMemberAsync(remove.Id, remove.Member, stop), $"{remove.Member} was removed.");
                break;
            case ChatEffect.Leave leave:
                Report(await client.LeaveAsync(leave.Id, stop), "You have left the conversation.");
                break;
            case ChatEffect.Rename rename:
                Report(await client.RenameAsync(rename.Id, rename.Name, stop), "The group has a new name.");
                break;
            case ChatEffect.SetHistory set:
                Report(await client.SetHistoryAsync(set.Id, set.Policy, stop), HistoryWords.Describe(set.Policy));
                break;
            case ChatEffect.ReadDevices:
                if ((await client.ListDevicesAsync(stop)).TryGetValue(out IReadOnlyList<DeviceInfo>? devices, out ClientError? unlisted))
                    post(new ChatEvent.DevicesRead([.. devices]));
                else
                    Report(unlisted);
                break;
            case ChatEffect.AddDevice add:
                await AddDeviceAsync(client, add.Code, stop);
                break;
            case ChatEffect.NameDevice name:
                await WithDeviceAsync(client, name.Device, id => Task.FromResult(client.SetDeviceName(id, name.Name)), "The device has its name.", stop);
                break;
            case ChatEffect.RevokeDevice revoke:
                await WithDeviceAsync(client, revoke.Device, id => client.RevokeDeviceAsync(id, stop), "The device is out of your account and your conversations.", stop);
                break;
            case ChatEffect.CreateInvite:
                if ((await client.CreateInviteAsync(uses: 1, TimeSpan.FromDays(7), stop)).TryGetValue(out string? link, out ClientError? error))
                    post(new ChatEvent.InviteMade(link));
                else
                    Report(error);
                break;
            default:
                throw new InvalidOperationException($"Nobody carries out {effect.GetType().Name}.");
        }
    }

    private async Task AddDeviceAsync(ParleyClient client, string code, CancellationToken stop)
    {
        var number = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _number, number)?.TrySetResult(null);
        var added = await client.AddDeviceAsync(
            code,
            cancelled =>
            {
                post(new ChatEvent.Reported("Type the number that the new device shows, like this: /device number 123 456", IsError: false));
                return number.Task.WaitAsync(cancelled);
            },
            shown => post(new ChatEvent.NumberShown(shown)),
            stop);
        if (!added.TryGetValue(out Contracts.Identity.DeviceId device, out ClientError? error))
        {
            Report(error);
            return;
        }

        post(new ChatEvent.Reported("The device is one of yours now, and is being added to your conversations.", IsError: false));
        ClientResult supplied = await client.WaitForSupplyAsync(device, stop);
        ClientResult<int> shared = supplied.Succeeded ? await client.AddDevicesToConversationsAsync(device, stop) : ClientResult.Refuse<int>(supplied.Error);
        Report(shared.Error);
    }

    private async Task WithDeviceAsync(ParleyClient client, string text, Func<Contracts.Identity.DeviceId, Task<ClientResult>> work, string success, CancellationToken stop)
    {
        if ((await client.FindDeviceAsync(text, stop)).TryGetValue(out Contracts.Identity.DeviceId device, out ClientError? error))
            Report(await work(device), success);
        else
            Report(error);
    }

    private void Shown(ClientResult<ConversationId> made, ParleyClient client, string firstMessage)
    {
        if (!made.TryGetValue(out ConversationId id, out ClientError? error))
        {
            Report(error);
            return;
        }

        post(new ChatEvent.ConversationsRead([.. client.Conversations]));
        post(new ChatEvent.Opened(id));
        if (firstMessage.Length > 0)
            Enqueue(new ChatEffect.Send(id, new OutgoingMessage.Text(firstMessage)));
    }

    private async Task SignUpAsync(ChatEffect.SignUp signUp)
    {
        ClientResult made = await session.SignUpAsync(signUp.Invite, signUp.Handle, _stop.Token);
        if (made.Succeeded)
            Begin();
        else
            post(new ChatEvent.SignUpRefused(made.Error.Sentence));
    }

    private void Export(ParleyClient client, ChatEffect.Export export)
    {
        if (client.Conversations.FirstOrDefault(conversation => conversation.Id == export.Id) is not { } conversation)
            return;
        try
        {
            int count = ChatExport.WriteFile(client, conversation, export.Path, zone);
            post(new ChatEvent.Reported($"{Plural.Of(count, "message")} of {ConversationAddress.Of(conversation)} written to {ChatExport.FullPath(export.Path)}.", IsError: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            post(new ChatEvent.Reported($"The file could not be written: {e.Message}", IsError: true));
        }
    }

    private void Wait(Func<Task> work) => _waiting.Add(Task.Run(() => GuardAsync(work)));

    /// <summary>The boundary of everything that runs here: the screen stays, and says that something is broken.</summary>
    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The program ends.
        }
        catch (Exception e)
        {
            post(new ChatEvent.Reported($"Parley has failed inside ({e.GetType().Name}). Close it with Ctrl+Q and start it again; nothing that was sent is lost.", IsError: true));
        }
    }

    private void Report(ClientResult result, string success = "")
    {
        if (!result.Succeeded)
            Report(result.Error);
        else if (success.Length > 0)
            post(new ChatEvent.Reported(success, IsError: false));
    }

    private void Report(ClientError? error)
    {
        if (error is not null)
            post(new ChatEvent.Reported(error.Sentence, IsError: true));
    }
}
