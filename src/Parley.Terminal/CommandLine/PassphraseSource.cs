using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Parley.Mls.Crypto;

namespace Parley.Terminal.CommandLine;

/// <summary>
/// Where passphrases come from: a file descriptor, else the environment, else the terminal, where they are typed unseen. Never the arguments, which
/// every user of the machine can read. A descriptor has a line for each: the current passphrase, if there is one, then the new one.
/// </summary>
internal sealed class PassphraseSource(CommandLineConsole console, bool isForProgram, int? descriptor)
{
    /// <summary>The environment variable with the current passphrase.</summary>
    public const string Variable = "PARLEY_PASSPHRASE";

    /// <summary>The environment variable with the new one.</summary>
    public const string NewVariable = "PARLEY_NEW_PASSPHRASE";

    private const int BytesMax = 1024;

    private FileStream? _lines;

    /// <summary>The passphrase the profile is locked by; null if none was given.</summary>
    public Secret? Current() => Take(Variable, "Passphrase of this profile: ");

    /// <summary>The passphrase to lock it by; null if none was given, or if it was not typed the same twice.</summary>
    public Secret? New()
    {
        Secret? first = Take(NewVariable, "New passphrase: ");
        if (first is null || !IsTyped(NewVariable))
            return first;
        using Secret? second = Take(NewVariable, "The same again: ");
        if (second is not null && CryptographicOperations.FixedTimeEquals(first.AsSpan(), second.AsSpan()))
            return first;
        first.Dispose();
        return null;
    }

    private bool IsTyped(string variable) => descriptor is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    private Secret? Take(string variable, string prompt)
    {
        byte[] bytes = new byte[BytesMax];
        try
        {
            int length;
            if (descriptor is { } number)
                length = ReadLine(_lines ??= new FileStream(new SafeFileHandle(number, ownsHandle: false), FileAccess.Read, bufferSize: 0), bytes);
            else if (!IsTyped(variable))
                length = Encode(Environment.GetEnvironmentVariable(variable), bytes);
            else
                length = !isForProgram && console is { InIsTerminal: true, ErrorIsTerminal: true } ? Type(prompt, bytes) : 0;
            return length > 0 ? new Secret(bytes.AsSpan(0, length)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // No such descriptor, or nothing that can be read: no passphrase was given.
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Byte by byte, because the next line is the next passphrase's.</summary>
    private static int ReadLine(FileStream lines, Span<byte> bytes)
    {
        int length = 0;
        while (length < bytes.Length && lines.Read(bytes.Slice(length, 1)) == 1 && bytes[length] != '\n')
            length++;
        return length > 0 && bytes[length - 1] == '\r' ? length - 1 : length;
    }

    private int Type(string prompt, Span<byte> bytes)
    {
        Span<char> typed = stackalloc char[128];
        int length = 0;
        console.Error.Write(prompt);
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
                length = Math.Max(0, length - 1);
            else if (length < typed.Length && !char.IsControl(key.KeyChar))
                typed[length++] = key.KeyChar;
        }

        console.Error.Write("\n");
        int count = Encode(typed[..length], bytes);
        typed.Clear();
        return count;
    }

    private static int Encode(ReadOnlySpan<char> text, Span<byte> bytes) => Encoding.UTF8.TryGetBytes(text, bytes, out int written) ? written : 0;
}
