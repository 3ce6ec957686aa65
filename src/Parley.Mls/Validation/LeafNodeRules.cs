using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Validation;

/// <summary>Where a LeafNode stands, which decides what it must be (RFC 9420 §7.3).</summary>
internal enum LeafPlace
{
    /// <summary>In a KeyPackage.</summary>
    KeyPackage,

    /// <summary>In an Update proposal.</summary>
    Update,

    /// <summary>In the path of a Commit.</summary>
    Path,

    /// <summary>In a tree that is being joined, where every source may stand.</summary>
    JoinedTree,
}

/// <summary>What only computation tells of a LeafNode.</summary>
/// <param name="IsSigned">Whether its signature is its own key's.</param>
/// <param name="HasHpkeKey">Whether its encryption key can be encrypted to, where that matters.</param>
internal sealed record LeafProof(bool IsSigned, bool HasHpkeKey);

/// <summary>RFC 9420 §7.3: the rules for one LeafNode. Uniqueness of keys and the group's credential types are the tree's.</summary>
internal sealed class LeafNodeRules
{
    private readonly CryptoSuite _suite;
    private readonly GroupConfig _config;
    private readonly ReadOnlyMemory<byte> _groupId;
    private readonly ImmutableArray<Extension> _groupExtensions;
    private readonly RequiredCapabilities? _required;
    private readonly ImmutableArray<(ComponentId List, ImmutableArray<ComponentId> Required)> _requiredComponents;

    /// <param name="suite">The group's suite.</param>
    /// <param name="config">Policy.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="groupExtensions">The GroupContext extensions that will be in force.</param>
    /// <exception cref="MlsException">A known extension does not decode.</exception>
    public LeafNodeRules(CryptoSuite suite, GroupConfig config, ReadOnlyMemory<byte> groupId, ImmutableArray<Extension> groupExtensions)
    {
        _suite = suite;
        _config = config;
        _groupId = groupId;
        _groupExtensions = groupExtensions;
        _required = GroupExtensionRules.RequiredCapabilities(groupExtensions);
        _requiredComponents = AppDataRules.Requirements(groupExtensions);
    }

    /// <summary>Checks a leaf at its place.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public void Check(LeafNode leaf, LeafPlace place, LeafIndex index, DateTimeOffset? now)
    {
        CheckContent(leaf, place, now);
        CheckProof(leaf, Prove(leaf, place, index));
    }

    /// <summary>Finds out what takes time, on any thread.</summary>
    public LeafProof Prove(LeafNode leaf, LeafPlace place, LeafIndex index)
    {
        using var signed = new SignContent("LeafNodeTBS");
        leaf.WriteToBeSigned(signed.Writer, _groupId.Span, index);
        return new LeafProof(
            signed.Verify(_suite, leaf.SignatureKey.Span, leaf.Signature.Span),
            // One key that nobody can encrypt to would keep everybody from committing. In a joined tree it is too late.
            place == LeafPlace.JoinedTree || _suite.IsHpkePublicKey(leaf.EncryptionKey.Span));
    }

    /// <summary>
    /// Checks what can be seen of a leaf. Where there are many, this comes first for all of them: a signature to verify costs a hundred times
    /// as much.
    /// </summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public void CheckContent(LeafNode leaf, LeafPlace place, DateTimeOffset? now)
    {
        CheckSource(leaf, place);
        CheckCapabilities(leaf);
        if (leaf.Source is LeafNodeSource.KeyPackage source && !_config.IgnoresLifetimes)
            CheckLifetime(source.Lifetime, now);
    }

    /// <summary>Checks what was found out about a leaf, and then, as it is its owner's, whether the owner is who it says.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public void CheckProof(LeafNode leaf, LeafProof proof)
    {
        MlsException.ThrowIf(!proof.IsSigned, MlsError.LeafSignatureInvalid);
        MlsException.ThrowIf(!proof.HasHpkeKey, MlsError.HpkeKeyInvalid);
        X509Rules.Check(_suite.Parameters.Signature, leaf);
        MlsException.ThrowIf(!_config.Authentication.IsValid(leaf), MlsError.CredentialInvalid);
    }

    /// <summary>RFC 9420 §11.1, §13.4: whether a member supports what the group will demand.</summary>
    public void CheckCapabilities(LeafNode leaf)
    {
        Capabilities capabilities = leaf.Capabilities;
        MlsException.ThrowIf(!capabilities.Supports(leaf.Credential.Type), MlsError.CredentialNotInCapabilities);
        bool hasSuite = capabilities.Versions.Contains(Messages.ProtocolVersion.Mls10)
            && (_config.IgnoresSuiteCapability || capabilities.CipherSuites.Contains(_suite.Id));
        MlsException.ThrowIf(!hasSuite, MlsError.RequiredCapabilityMissing);
        foreach (Extension extension in leaf.Extensions)
        {
            bool allowed = GroupExtensionRules.IsAllowedInLeaf(extension.Type) && capabilities.Supports(extension.Type);
            MlsException.ThrowIf(!allowed, MlsError.LeafExtensionInvalid);
            MlsException.ThrowIf(!GroupExtensionRules.IsWellFormed(extension), MlsError.ExtensionMalformed);
        }

        if (_required is not null)
        {
            bool met = _required.ExtensionTypes.All(capabilities.Supports)
                && _required.ProposalTypes.All(capabilities.Supports)
                && _required.CredentialTypes.All(capabilities.Supports);
            MlsException.ThrowIf(!met, MlsError.RequiredCapabilityMissing);
        }

        MlsException.ThrowIf(!AppDataRules.Meets(leaf.Extensions, _requiredComponents), MlsError.RequiredCapabilityMissing);
        foreach (Extension extension in _groupExtensions)
            MlsException.ThrowIf(!capabilities.Supports(extension.Type), MlsError.GroupExtensionNotSupported);
    }

    private static void CheckSource(LeafNode leaf, LeafPlace place)
    {
        bool fits = place switch
        {
            LeafPlace.KeyPackage => leaf.Source is LeafNodeSource.KeyPackage,
            LeafPlace.Update => leaf.Source is LeafNodeSource.Update,
            LeafPlace.Path => leaf.Source is LeafNodeSource.Commit,
            LeafPlace.JoinedTree => true,
            _ => false,
        };
        MlsException.ThrowIf(!fits, MlsError.LeafSourceInvalid);
    }

    // RFC 9420 §7.2: a lifetime that is too long is refused at any time, also where it is no longer asked whether it is over.
    private void CheckLifetime(Lifetime lifetime, DateTimeOffset? now)
    {
        bool valid = lifetime.NotBefore <= lifetime.NotAfter && lifetime.NotAfter - lifetime.NotBefore <= (ulong)_config.LifetimeMax.TotalSeconds;
        if (now is { } time)
        {
            ulong seconds = (ulong)Math.Max(0, time.ToUnixTimeSeconds());
            valid &= lifetime.NotBefore <= seconds && seconds <= lifetime.NotAfter;
        }

        MlsException.ThrowIf(!valid, MlsError.LifetimeInvalid);
    }
}
