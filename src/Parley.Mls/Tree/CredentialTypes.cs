using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// RFC 9420 §7.3: each member must support every credential type in use, and so must each new one. Kept for each subtree, so that a
/// change costs one path and not a look at every member.
/// </summary>
internal readonly record struct CredentialTypes
{
    private readonly Types _inUse;
    private readonly Types _supported;

    private CredentialTypes(Types inUse, Types supported)
    {
        _inUse = inUse;
        _supported = supported;
    }

    // A leaf with another type does not decode, and support for it says nothing (RFC 9420 §13.4).
    [Flags]
    private enum Types : byte
    {
        None = 0,
        Basic = 1,
        X509 = 2,
        All = Basic | X509,
    }

    /// <summary>Whether every type in use is supported by all.</summary>
    public bool AreSupported => (_inUse & ~_supported) == Types.None;

    public static CredentialTypes Of(LeafNode? leaf)
    {
        // Where there is no member, all types are supported by all of them.
        if (leaf is null)
            return new CredentialTypes(Types.None, Types.All);
        Types supported = Types.None;
        foreach (CredentialType type in leaf.Capabilities.Credentials)
            supported |= Of(type);
        return new CredentialTypes(Of(leaf.Credential.Type), supported);
    }

    public CredentialTypes And(CredentialTypes other) => new(_inUse | other._inUse, _supported & other._supported);

    private static Types Of(CredentialType type) => type switch
    {
        CredentialType.Basic => Types.Basic,
        CredentialType.X509 => Types.X509,
        _ => Types.None,
    };
}
