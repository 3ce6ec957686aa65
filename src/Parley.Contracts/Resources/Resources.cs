using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Contracts.Identity;

namespace Parley.Contracts.Resources;

/// <summary>Why a request was refused.</summary>
/// <param name="Code">The lower-case name of an error code of <c>parley.proto</c>, without its prefix.</param>
/// <param name="RetryAfterMs">Milliseconds after which a retry may succeed, where that is known.</param>
public sealed record Refusal(string Code, int? RetryAfterMs = null);

/// <summary>What a client needs to know before it signs up.</summary>
/// <param name="Name">The server's name, which stands in every device certificate: host, or host and port.</param>
/// <param name="Version">The server's software version.</param>
/// <param name="ProtocolVersions">The frame protocol versions it speaks.</param>
/// <param name="PastEpochsMax">How many past epochs' application messages it still takes.</param>
public sealed record ServerInfo(string Name, string Version, IReadOnlyList<uint> ProtocolVersions, int PastEpochsMax);

/// <summary>Asks for an invite.</summary>
/// <param name="Uses">How many accounts may be made with it, 1 to 1000.</param>
/// <param name="ValidHours">Hours until it expires, 1 to 8760.</param>
public sealed record NewInvite(int Uses, int ValidHours);

/// <summary>An invite.</summary>
/// <param name="Code">The secret in the link: 22 URL-safe characters.</param>
/// <param name="Link">The whole link, on the address the server knows itself by.</param>
/// <param name="Uses">How many accounts may still be made with it.</param>
/// <param name="ExpiresAt">When it expires.</param>
public sealed record Invite(string Code, string Link, int Uses, DateTimeOffset ExpiresAt);

/// <summary>Whether an invite can be used now.</summary>
/// <param name="Server">The server's name.</param>
/// <param name="Code"><c>none</c> if it can be used, else <c>invite_expired</c> or <c>invite_used</c>.</param>
public sealed record InviteState(string Server, string Code);

/// <summary>Makes an account and its first device.</summary>
/// <param name="Invite">The invite's code.</param>
/// <param name="Certificate">The encoded <see cref="DeviceCertificate"/> of the first device; it names the handle and the account key.</param>
public sealed record NewAccount(string Invite, byte[] Certificate);

/// <summary>An account as its peers see it.</summary>
/// <param name="Handle">The account's handle.</param>
/// <param name="AccountKey">Ed25519 public key, 32 bytes.</param>
/// <param name="Certificates">The encoded certificates of its devices.</param>
public sealed record Account(string Handle, byte[] AccountKey, IReadOnlyList<byte[]> Certificates);

/// <summary>Adds a device to the caller's account.</summary>
/// <param name="Certificate">The encoded <see cref="DeviceCertificate"/>, of the same handle and account key as the caller's.</param>
public sealed record NewDevice(byte[] Certificate);

/// <summary>Asks for a code under which an existing device can answer this new one.</summary>
/// <param name="Commitment">What the new device commits to, 32 bytes. The server only passes it on.</param>
public sealed record NewLink(byte[] Commitment);

/// <summary>A linking code.</summary>
/// <param name="Code">Eight characters.</param>
/// <param name="Secret">Known to the new device alone: its permission to go on.</param>
/// <param name="ExpiresAt">When it can no longer be used.</param>
public sealed record Link(string Code, byte[] Secret, DateTimeOffset ExpiresAt);

/// <summary>One message of a link.</summary>
/// <param name="Content">What the two devices make of it.</param>
public sealed record LinkMessage(byte[] Content);

/// <summary>The new device's message of a link.</summary>
/// <param name="Secret">The link's secret.</param>
/// <param name="Content">What the two devices make of it.</param>
public sealed record LinkReveal(byte[] Secret, byte[] Content);

/// <summary>How far a link is. What has not been sent yet is null.</summary>
/// <param name="Commitment">The new device's commitment.</param>
/// <param name="Answer">The existing device's answer.</param>
/// <param name="Reveal">What the new device has shown.</param>
/// <param name="Handover">What the existing device hands over; empty if it refuses.</param>
public sealed record LinkState(byte[] Commitment, byte[]? Answer, byte[]? Reveal, byte[]? Handover);

/// <summary>Adds to the calling device's KeyPackages.</summary>
/// <param name="KeyPackages">
/// Encoded KeyPackages of any suites. One that carries the <c>last_resort</c> extension replaces the former last-resort one of its suite and is never used up.
/// </param>
public sealed record NewKeyPackages(IReadOnlyList<byte[]> KeyPackages);

/// <summary>How many KeyPackages of a suite the server still holds for the calling device.</summary>
/// <param name="Count">Without the last-resort one.</param>
/// <param name="HasLastResort">Whether there is a last-resort one.</param>
public sealed record KeyPackageStock(int Count, bool HasLastResort);

/// <summary>One KeyPackage for each device of an account that has one of the suite asked for.</summary>
/// <param name="KeyPackages">Encoded KeyPackages.</param>
public sealed record ClaimedKeyPackages(IReadOnlyList<byte[]> KeyPackages);

/// <summary>The JSON metadata of all resources, generated, so that no reflection is needed.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Refusal))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(NewInvite))]
[JsonSerializable(typeof(Invite))]
[JsonSerializable(typeof(InviteState))]
[JsonSerializable(typeof(NewAccount))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(NewDevice))]
[JsonSerializable(typeof(NewLink))]
[JsonSerializable(typeof(Link))]
[JsonSerializable(typeof(LinkMessage))]
[JsonSerializable(typeof(LinkReveal))]
[JsonSerializable(typeof(LinkState))]
[JsonSerializable(typeof(NewKeyPackages))]
[JsonSerializable(typeof(KeyPackageStock))]
[JsonSerializable(typeof(ClaimedKeyPackages))]
public sealed partial class ResourcesJson : JsonSerializerContext;
