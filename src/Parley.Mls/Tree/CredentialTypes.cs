using System.Collections.Immutable;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// RFC 9420 §7.3: each member must support every credential type in use, and so must each new one. Kept for each subtree, so that a
/// change costs one path and not a look at every member.
/// </summary>
internal sealed class CredentialTypes
{
    private static readonly CredentialTypes None = new([], null);

    private readonly ImmutableHashSet<CredentialType> _inUse;

    /// <summary>Null where there is no member, so that all types are supported by all of them.</summary>
    private readonly ImmutableHashSet<CredentialType>? _supported;

    private CredentialTypes(ImmutableHashSet<CredentialType> inUse, ImmutableHashSet<CredentialType>? supported)
    {
        _inUse = inUse;
        _supported = supported;
    }

    /// <summary>Whether every type in use is supported by all.</summary>
    public bool AreSupported => _supported is null || _inUse.IsSubsetOf(_supported);

    public static CredentialTypes Of(LeafNode? leaf) =>
        leaf is null ? None : new CredentialTypes([leaf.Credential.Type], [.. leaf.Capabilities.Credentials]);

    public CredentialTypes And(CredentialTypes other)
    {
        if (_supported is null)
            return other;
        if (other._supported is null)
            return this;
        bool same = _inUse.SetEquals(other._inUse) && _supported.SetEquals(other._supported);
        return same ? this : new CredentialTypes(_inUse.Union(other._inUse), _supported.Intersect(other._supported));
    }
}
