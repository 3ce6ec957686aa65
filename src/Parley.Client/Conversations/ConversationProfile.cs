using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Parley.Client.Content;
using Parley.Contracts.Identity;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Extensions;

namespace Parley.Client.Conversations;

/// <summary>
/// What all members hold true of a conversation: its kind, name and administrators, in an extension of the GroupContext. So it is
/// covered by the group's key schedule, every member checks each change of it, and the server can neither see nor forge it.
/// <code>
/// [version: 1, kind: 0 direct / 1 group, name: tstr, [* administrator's handle: tstr]]      ; deterministic CBOR
/// </code>
/// </summary>
internal sealed record ConversationProfile(ConversationKind Kind, string Name, ImmutableArray<Handle> Admins)
{
    /// <summary>A type of RFC 9420's private range; listed in the capabilities of every Parley leaf.</summary>
    public const ExtensionType Type = (ExtensionType)0xF0A1;

    private const int Version = 1;
    private const int Fields = 4;
    private const int AdminsMax = 100;
    private const int DepthMax = 2;

    /// <summary>The profile in a GroupContext; false if there is none or it is malformed.</summary>
    public static bool TryFind(ImmutableArray<Extension> extensions, [NotNullWhen(true)] out ConversationProfile? profile)
    {
        profile = null;
        return extensions.Find(Type) is { } extension && TryDecode(extension.Data, out profile);
    }

    /// <summary>The profile of a group this device has entered.</summary>
    public static ConversationProfile Of(Group group) =>
        TryFind(group.Context.Extensions, out ConversationProfile? profile) ? profile : throw new InvalidOperationException("No group without a profile is entered.");

    /// <summary>The profile as an extension.</summary>
    public Extension ToExtension()
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartArray(Fields);
        writer.WriteInt32(Version);
        writer.WriteInt32((int)Kind);
        writer.WriteTextString(Name);
        writer.WriteStartArray(Admins.Length);
        foreach (Handle admin in Admins)
            writer.WriteTextString(admin.Value);
        writer.WriteEndArray();
        writer.WriteEndArray();
        return new Extension(Type, writer.Encode());
    }

    private static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out ConversationProfile? profile)
    {
        profile = null;
        if (!DeterministicCbor.IsWellFormed(encoded.Span, DepthMax))
            return false;
        try
        {
            var reader = new CborReader(encoded, CborConformanceMode.Strict);
            bool isKnown = reader.ReadStartArray() == Fields && reader.ReadUInt32() == Version;
            var kind = (ConversationKind)reader.ReadUInt32();
            string name = reader.ReadTextString();
            int count = reader.ReadStartArray() ?? 0;
            if (!isKnown || !Enum.IsDefined(kind) || count > AdminsMax || (kind == ConversationKind.Group ? !MessageBody.IsName(name) : name.Length > 0))
                return false;
            var admins = ImmutableArray.CreateBuilder<Handle>(count);
            for (int i = 0; i < count; i++)
            {
                string text = reader.ReadTextString();
                if (!Handle.IsCanonical(text) || !Handle.TryParse(text, out Handle? handle) || admins.Contains(handle))
                    return false;
                admins.Add(handle);
            }

            reader.ReadEndArray();
            reader.ReadEndArray();
            profile = new ConversationProfile(kind, name, admins.MoveToImmutable());
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            // The package's words for "another type or number than the schema has here".
            return false;
        }
    }
}
