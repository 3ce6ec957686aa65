namespace Parley.Mls.Messages.Extensions;

/// <summary>RFC 9420 §17.3: extension types. Values that are not named are legal on the wire and kept as they are.</summary>
public enum ExtensionType : ushort
{
    /// <summary>A name the application gives a leaf; not authenticated by a credential.</summary>
    ApplicationId = 0x0001,

    /// <summary>The public tree, in a GroupInfo.</summary>
    RatchetTree = 0x0002,

    /// <summary>What every member must support, in the GroupContext.</summary>
    RequiredCapabilities = 0x0003,

    /// <summary>The key for external Commits, in a GroupInfo.</summary>
    ExternalPub = 0x0004,

    /// <summary>Who may send external proposals, in the GroupContext.</summary>
    ExternalSenders = 0x0005,

    /// <summary>Data of the application's components (draft-ietf-mls-extensions-09 §4.6).</summary>
    AppDataDictionary = ProvisionalNumbers.AppDataDictionary,

    /// <summary>Marks a KeyPackage that may be used more than once (draft-ietf-mls-extensions-05 §3.5).</summary>
    LastResort = ProvisionalNumbers.LastResort,
}

/// <summary>RFC 9420 §7.2: an extension as it stands on the wire.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Data">Its content.</param>
public sealed record Extension(ExtensionType Type, ReadOnlyMemory<byte> Data) : ITlsStruct<Extension>
{
    /// <inheritdoc/>
    public static Extension Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new Extension((ExtensionType)reader.ReadUInt16(), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16((ushort)Type);
        writer.WriteVector(Data);
    }
}

/// <summary>Lists of extensions, in which no type may stand twice (RFC 9420 §13.4).</summary>
public static class ExtensionList
{
    /// <summary>Reads <c>Extension extensions&lt;V&gt;</c>.</summary>
    public static ImmutableArray<Extension> Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ImmutableArray<Extension> extensions = reader.ReadVectorOf(Extension.Read, MessageLimits.ExtensionsMax);
        if (HasDuplicate(extensions))
            reader.Fail(DecodeError.DuplicateExtension);
        return extensions;
    }

    /// <summary>Writes <c>Extension extensions&lt;V&gt;</c>.</summary>
    public static void Write(TlsWriter writer, ImmutableArray<Extension> extensions)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(extensions, Tls.WriteStruct);
    }

    /// <summary>The extension of a type, or null.</summary>
    public static Extension? Find(this ImmutableArray<Extension> extensions, ExtensionType type)
    {
        foreach (Extension extension in extensions)
        {
            if (extension.Type == type)
                return extension;
        }

        return null;
    }

    /// <summary>Whether a type stands twice in the list.</summary>
    public static bool HasDuplicate(this ImmutableArray<Extension> extensions)
    {
        for (int i = 1; i < extensions.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (extensions[i].Type == extensions[j].Type)
                    return true;
            }
        }

        return false;
    }
}
