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

    // Both in ascending order. Almost always all members agree, and comparing a few numbers is all it costs.
    private readonly ImmutableArray<CredentialType> _inUse;

    /// <summary>Null where there is no member, so that all types are supported by all of them.</summary>
    private readonly ImmutableArray<CredentialType>? _supported;

    private CredentialTypes(ImmutableArray<CredentialType> inUse, ImmutableArray<CredentialType>? supported)
    {
        _inUse = inUse;
        _supported = supported;
    }

    /// <summary>Whether every type in use is supported by all.</summary>
    public bool AreSupported => _supported is not { } supported || !_inUse.Except(supported).Any();

    public static CredentialTypes Of(LeafNode? leaf) =>
        leaf is null ? None : new CredentialTypes([leaf.Credential.Type], [.. leaf.Capabilities.Credentials.Where(CanBeInUse).Distinct().Order()]);

    // A leaf with another does not decode, and support for it says nothing (RFC 9420 §13.4).
    private static bool CanBeInUse(CredentialType type) => type is CredentialType.Basic or CredentialType.X509;

    public CredentialTypes And(CredentialTypes other)
    {
        if (_supported is not { } supported)
            return other;
        if (other._supported is not { } alsoSupported)
            return this;
        bool same = _inUse.AsSpan().SequenceEqual(other._inUse.AsSpan()) && supported.AsSpan().SequenceEqual(alsoSupported.AsSpan());
        return same
            ? this
            : new CredentialTypes([.. _inUse.Union(other._inUse).Order()], [.. supported.Intersect(alsoSupported).Order()]);
    }
}
