using System.Buffers.Binary;
using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §13.5: values that mean nothing, sent where others must ignore what they do not know, so that who does not is noticed while it
/// can still be mended. Only in what is sent: a <see cref="LeafIdentity"/> says what a client really supports. What is received is not looked at for them.
/// </summary>
internal static class Grease
{
    private const int ValueCount = 15;
    private const int DataBytesMax = 16;

    /// <summary>One value more in each list that may hold it, and a type for an extension of the leaf.</summary>
    public static Capabilities Add(ICryptoProvider crypto, Capabilities capabilities, ExtensionType extension) => capabilities with
    {
        CipherSuites = Insert(crypto, capabilities.CipherSuites, (CipherSuite)Value(crypto)),
        Extensions = Insert(crypto, capabilities.Extensions, extension),
        Proposals = Insert(crypto, capabilities.Proposals, (ProposalType)Value(crypto)),
        Credentials = Insert(crypto, capabilities.Credentials, (CredentialType)Value(crypto)),
    };

    /// <summary>A type for an extension.</summary>
    public static ExtensionType ExtensionType(ICryptoProvider crypto) => (ExtensionType)Value(crypto);

    /// <summary>One extension more, with a few random bytes.</summary>
    public static ImmutableArray<Extension> Add(ICryptoProvider crypto, ImmutableArray<Extension> extensions, ExtensionType type)
    {
        if (extensions.Find(type) is not null)
            return extensions;
        byte[] data = new byte[Below(crypto, DataBytesMax + 1)];
        crypto.FillRandom(data);
        return Insert(crypto, extensions, new Extension(type, data));
    }

    private static ImmutableArray<T> Insert<T>(ICryptoProvider crypto, ImmutableArray<T> list, T value) => list.Insert(Below(crypto, list.Length + 1), value);

    /// <summary>0x0A0A, 0x1A1A … 0xEAEA.</summary>
    private static ushort Value(ICryptoProvider crypto) => (ushort)(0x0a0a + (0x1010 * Below(crypto, ValueCount)));

    // Slightly uneven, which does no harm here.
    private static int Below(ICryptoProvider crypto, int count)
    {
        Span<byte> random = stackalloc byte[sizeof(uint)];
        crypto.FillRandom(random);
        return (int)(BinaryPrimitives.ReadUInt32BigEndian(random) % (uint)count);
    }
}
