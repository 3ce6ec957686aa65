using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Parley.Terminal.Chat;
using Parley.Terminal.Profile;
using Parley.Terminal.Screen;
using Terminal.Gui.App;

namespace Parley.Terminal.Host;

/// <summary>
/// Runs the full-screen program: one loop takes everything that happened, in order, through <see cref="ChatUpdate"/>, hands the effects to
/// the <see cref="ChatWorker"/>, and draws once for all of it. Only the main loop touches the model.
/// </summary>
internal sealed class ChatHost : IAsyncDisposable
{
    private readonly IApplication _app;
    private readonly ChatScreen _screen;
    private readonly ChatWorker _worker;
    private readonly ConcurrentQueue<ChatEvent> _happened = new();
    private ChatModel _model;
    private int _scheduled;

    private ChatHost(IApplication app, ProfileSession session)
    {
        _app = app;
        _screen = new ChatScreen(Post);
        _worker = new ChatWorker(session, Post, TimeZoneInfo.Local);
        _model = new ChatModel { Size = default, Zone = TimeZoneInfo.Local };
    }

    /// <summary>Runs until the user ends it. The terminal is as before on return, whatever happened.</summary>
    public static async Task RunAsync(ProfileSession session)
    {
        using IApplication app = Application.Create();
        app.Init();
        await using var host = new ChatHost(app, session);
        host.Run();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        _screen.Dispose();
    }

    private void Run()
    {
        if (_app.Driver is { } driver)
        {
            // The terminal's own colours, not numbers that a theme knows nothing of.
            driver.Force16Colors = true;
            driver.ClearedContents += (_, _) => _screen.Forget();
            driver.GetInputProcessor().AnsiSequenceSwallowed += (_, dropped) =>
            {
                foreach (KeyPress key in SwallowedKeys.Read(dropped))
                    Post(new ChatEvent.Pressed(key));
            };
        }

        _app.Paste += (_, paste) =>
        {
            paste.Handled = true;
            Post(new ChatEvent.Pasted(paste.Text));
        };
        // A hang-up is left to the system, which ends the process: there is no terminal left to restore, and what was said is stored.
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        _worker.Start();
        _app.Run(_screen);

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            _app.Invoke(() => _app.RequestStop());
        }
    }

    /// <summary>Notes that something happened; from any thread.</summary>
    private void Post(ChatEvent happened)
    {
        _happened.Enqueue(happened);
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            _app.Invoke(Drain);
    }

    private void Drain()
    {
        Interlocked.Exchange(ref _scheduled, 0);
        while (_happened.TryDequeue(out ChatEvent? happened))
        {
            Step step = ChatUpdate.Apply(_model, happened);
            _model = step.Model;
            foreach (ChatEffect effect in step.Effects)
                Carry(effect);
        }

        if (_model.Size != default)
            _screen.Show(ChatView.Draw(_model));
    }

    private void Carry(ChatEffect effect)
    {
        switch (effect)
        {
            case ChatEffect.Quit:
                _app.RequestStop();
                break;
            case ChatEffect.Suspend:
                _app.Driver?.Suspend();
                _screen.Forget();
                break;
            case ChatEffect.Redraw:
                _app.ClearScreenNextIteration = true;
                _screen.Forget();
                break;
            default:
                _worker.Enqueue(effect);
                break;
        }
    }
}
