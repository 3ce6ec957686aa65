using System.Collections.Immutable;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;

namespace Parley.Mls.Validation;

/// <summary>RFC 9420 §17.3: which extensions may stand where, and whether those we know decode.</summary>
internal static class GroupExtensionRules
{
    /// <summary>Checks a list that is to become the GroupContext's.</summary>
    /// <exception cref="MlsException">An extension has no place there or does not decode, or an external sender is not believed (§5.3.1).</exception>
    public static void CheckGroupContext(ImmutableArray<Extension> extensions, IAuthenticationService authentication)
    {
        MlsException.ThrowIf(extensions.HasDuplicate(), MlsError.Malformed);
        foreach (Extension extension in extensions)
        {
            bool misplaced = extension.Type is ExtensionType.ApplicationId or ExtensionType.RatchetTree or ExtensionType.ExternalPub or ExtensionType.LastResort;
            MlsException.ThrowIf(misplaced, MlsError.ExtensionMisplaced);
        }

        RequiredCapabilities(extensions);
        AppDataRules.Dictionary(extensions);
        if (ExternalSenders(extensions) is { } external)
            MlsException.ThrowIf(!external.Senders.All(authentication.IsValid), MlsError.CredentialInvalid);
    }

    /// <summary>RFC 9420 §11.1: the requirements, or null if there are none.</summary>
    public static RequiredCapabilities? RequiredCapabilities(ImmutableArray<Extension> extensions) =>
        Decode<RequiredCapabilities>(extensions, ExtensionType.RequiredCapabilities);

    /// <summary>RFC 9420 §12.1.8.1: the external senders, or null if there are none.</summary>
    public static ExternalSenders? ExternalSenders(ImmutableArray<Extension> extensions) =>
        Decode<ExternalSenders>(extensions, ExtensionType.ExternalSenders);

    /// <summary>Decodes the extension of a type; null if it is not there.</summary>
    /// <exception cref="MlsException">It is there and does not decode.</exception>
    public static T? Decode<T>(ImmutableArray<Extension> extensions, ExtensionType type)
        where T : class, ITlsStruct<T>
    {
        if (extensions.Find(type) is not { } extension)
            return null;
        return Tls.TryDecodeOwned(extension.Data, out T? decoded, out _) ? decoded : throw new MlsException(MlsError.ExtensionMalformed);
    }

    /// <summary>Whether an extension may stand in a GroupInfo, and is not one that the group puts there itself.</summary>
    public static bool IsForApplicationsInGroupInfo(ExtensionType type) =>
        type is (< ExtensionType.ApplicationId or > ExtensionType.ExternalSenders) and not ExtensionType.LastResort;

    /// <summary>Whether an extension may stand in a LeafNode.</summary>
    public static bool IsAllowedInLeaf(ExtensionType type) =>
        type is not (ExtensionType.RatchetTree or ExtensionType.RequiredCapabilities or ExtensionType.ExternalPub or ExtensionType.ExternalSenders or ExtensionType.LastResort);

    /// <summary>RFC 9420 §5.3.3: whether an application_id is one vector and nothing else. Others are decoded where they are used.</summary>
    public static bool IsWellFormed(Extension extension)
    {
        if (extension.Type != ExtensionType.ApplicationId)
            return true;
        var reader = new TlsReader(extension.Data);
        reader.ReadVector();
        return reader.Finish();
    }

    /// <summary>Whether an extension may stand in a KeyPackage, outside of its leaf.</summary>
    public static bool IsAllowedInKeyPackage(ExtensionType type) =>
        type is < ExtensionType.ApplicationId or > ExtensionType.ExternalSenders;
}
