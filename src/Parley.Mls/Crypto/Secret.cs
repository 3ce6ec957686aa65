using System.Diagnostics;
using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// Secret bytes with one owner, in an array that the collector does not move, zeroed by <see cref="Dispose"/>. Whoever creates or
/// takes a secret disposes it. Nothing prints its bytes: not <see cref="ToString"/>, not the debugger, not a serializer. Zeroing is
/// best effort in .NET (docs/threat-model.md); short lifetimes are what really helps.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class Secret : IDisposable
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private byte[]? _bytes;

    /// <summary>Makes a secret of zeros, to be filled through <see cref="AsWritableSpan"/>.</summary>
    public Secret(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _bytes = GC.AllocateArray<byte>(length, pinned: true);
    }

    /// <summary>Copies the bytes. The caller zeroes its own.</summary>
    public Secret(ReadOnlySpan<byte> bytes)
        : this(bytes.Length) => bytes.CopyTo(_bytes);

    /// <summary>Length in bytes.</summary>
    /// <exception cref="ObjectDisposedException">The secret has been disposed.</exception>
    public int Length => Bytes.Length;

    /// <summary>Whether the secret has been zeroed.</summary>
    public bool IsDisposed => _bytes is null;

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private byte[] Bytes => _bytes ?? throw new ObjectDisposedException(nameof(Secret));

    /// <summary>The bytes, for as long as the secret lives. A method, so that no serializer and no debugger reads it.</summary>
    /// <exception cref="ObjectDisposedException">The secret has been disposed.</exception>
    public ReadOnlySpan<byte> AsSpan() => Bytes;

    /// <summary>A copy with an owner of its own.</summary>
    public Secret Clone() => new(Bytes);

    /// <summary>Zeroes the bytes. May be called again.</summary>
    public void Dispose()
    {
        if (_bytes is null)
            return;
        CryptographicOperations.ZeroMemory(_bytes);
        _bytes = null;
    }

    /// <summary>The kind and length, never the bytes.</summary>
    public override string ToString() => _bytes is null ? "Secret(disposed)" : $"Secret({_bytes.Length})";

    /// <summary>The bytes, for whoever makes the secret to write in place, so that no copy is left elsewhere.</summary>
    /// <exception cref="ObjectDisposedException">The secret has been disposed.</exception>
    public Span<byte> AsWritableSpan() => Bytes;
}
