using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Parley.Server.Hosting;

/// <summary>
/// OpenSSL keeps two buffers of 16 KB for each connection, also while nothing comes or goes, unless a connection's mode tells it to let go of them,
/// and .NET has no setting for that. So the mode is set behind .NET's back: a connection that waits takes a third less memory. Wherever
/// anything is not as it is known to be, another system, OpenSSL or .NET, nothing is done and the buffers are kept.
/// </summary>
internal static partial class TlsBuffers
{
    private const int SetMode = 33; // SSL_CTRL_MODE
    private const long ReleaseBuffers = 0x10; // SSL_MODE_RELEASE_BUFFERS
    private const int MajorVersionShift = 28;

    private static readonly FieldInfo? SecurityContext = typeof(SslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);

    // The library is named with its version: the one that .NET has loaded and no other.
    private static readonly bool IsOpenSsl3 = OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >> MajorVersionShift == 3;

    /// <summary>Lets a connection that has agreed on its keys keep no buffers while it waits. False if that cannot be.</summary>
    public static bool TryReleaseWhenIdle(SslStream stream)
    {
        if (!IsOpenSsl3 || SecurityContext?.GetValue(stream) is not SafeHandle handle || handle.GetType().Name != "SafeSslHandle")
            return false;
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            return (SSL_ctrl(handle.DangerousGetHandle(), SetMode, ReleaseBuffers, 0) & ReleaseBuffers) != 0;
        }
        catch (Exception e) when (e is ObjectDisposedException or DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
        finally
        {
            if (isHeld)
                handle.DangerousRelease();
        }
    }

    // The numbers are C's long, which has 64 bits wherever this runs.
    [LibraryImport("libssl.so.3")]
    private static partial long SSL_ctrl(nint ssl, int command, long argument, nint pointer);
}
