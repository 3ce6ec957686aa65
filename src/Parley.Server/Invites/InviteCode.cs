using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Server.Invites;

/// <summary>The secret in an invite link: 16 random bytes as 22 URL-safe characters. The store keeps its hash only.</summary>
internal sealed class InviteCode
{
    private const int Bytes = 16;
    private const int Chars = 22;

    private InviteCode(string text)
    {
        Text = text;
        Hash = SHA256.HashData(Encoding.ASCII.GetBytes(text));
    }

    public string Text { get; }

    public byte[] Hash { get; }

    public static InviteCode Create(RandomNumberGenerator random)
    {
        byte[] bytes = new byte[Bytes];
        random.GetBytes(bytes);
        return new InviteCode(Base64Url.EncodeToString(bytes));
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out InviteCode? code)
    {
        code = text?.Length == Chars && Base64Url.IsValid(text) ? new InviteCode(text) : null;
        return code is not null;
    }
}
