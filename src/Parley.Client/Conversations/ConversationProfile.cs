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
/// [version: 1, kind: 2 devices, "", [* revoked device's id: bstr]]
/// </code>
/// What is handed over to those who are added is in an extension of its own, which is absent where that is nothing.
/// </summary>
internal sealed record ConversationProfile(ConversationKind Kind, string Name, ImmutableArray<Handle> Admins)
{
    /// <summary>A type of RFC 9420's private range; listed in the capabilities of every Parley leaf.</summary>
    public const ExtensionType Type = (ExtensionType)0xF0A1;

    private const int Version = 1;
    private const int Fields = 4;
    private const int AdminsMax = 100;
    private const int RevokedMax = 1000;
    private const int DepthMax = 2;

    /// <summary>In the group of an account's devices: those that were taken out of the account, and may not come back.</summary>
    public ImmutableArray<DeviceId> Revoked { get; init; } = [];

    /// <summary>What is handed over to those who are added.</summary>
    public HistoryPolicy History { get; init; } = HistoryPolicy.None;

    /// <summary>The profile in a GroupContext; false if there is none, it is malformed, or there is something else beside it.</summary>
    public static bool TryFind(ImmutableArray<Extension> extensions, [NotNullWhen(true)] out ConversationProfile? profile)
    {
        profile = null;
        if (extensions.Find(Type) is not { } extension || !TryDecode(extension.Data, out profile))
            return false;
        if (extensions.Length == 1)
            return true;
        bool hasPolicy = HistoryExtension.TryFind(extensions, out HistoryPolicy? policy) && extensions.Length == 2 && profile.Kind == ConversationKind.Group;
        profile = hasPolicy && policy is not null ? profile with { History = policy } : null;
        return profile is not null;
    }

    /// <summary>The profile of a group this device has entered.</summary>
    public static ConversationProfile Of(Group group) =>
        TryFind(group.Context.Extensions, out ConversationProfile? profile) ? profile : throw new InvalidOperationException("No group without a profile is entered.");

    /// <summary>The profile as the extensions of a GroupContext.</summary>
    public ImmutableArray<Extension> ToExtensions() => History == HistoryPolicy.None ? [ToExtension()] : [ToExtension(), HistoryExtension.Of(History)];

    private Extension ToExtension()
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartArray(Fields);
        writer.WriteInt32(Version);
        writer.WriteInt32((int)Kind);
        writer.WriteTextString(Name);
        writer.WriteStartArray(Admins.Length + Revoked.Length);
        foreach (Handle admin in Admins)
            writer.WriteTextString(admin.Value);
        foreach (DeviceId device in Revoked)
            writer.WriteByteString(device.ToArray());
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
            if (!isKnown || !Enum.IsDefined(kind) || count > (kind == ConversationKind.Devices ? RevokedMax : AdminsMax) || (kind == ConversationKind.Group ? !MessageBody.IsName(name) : name.Length > 0))
                return false;
            var admins = ImmutableArray.CreateBuilder<Handle>();
            var revoked = ImmutableArray.CreateBuilder<DeviceId>();
            for (int i = 0; i < count; i++)
            {
                if (kind == ConversationKind.Devices ? !TryReadDevice(reader, revoked) : !TryReadAdmin(reader, admins))
                    return false;
            }

            reader.ReadEndArray();
            reader.ReadEndArray();
            profile = new ConversationProfile(kind, name, admins.ToImmutable()) { Revoked = revoked.ToImmutable() };
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            // The package's words for "another type or number than the schema has here".
            return false;
        }
    }

    private static bool TryReadAdmin(CborReader reader, ImmutableArray<Handle>.Builder admins)
    {
        string text = reader.ReadTextString();
        if (!Handle.IsCanonical(text) || !Handle.TryParse(text, out Handle? handle) || admins.Contains(handle))
            return false;
        admins.Add(handle);
        return true;
    }

    private static bool TryReadDevice(CborReader reader, ImmutableArray<DeviceId>.Builder devices)
    {
        if (!DeviceId.TryParse(reader.ReadByteString(), out DeviceId device) || devices.Contains(device))
            return false;
        devices.Add(device);
        return true;
    }
}
