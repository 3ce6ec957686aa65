namespace Parley.Mls.Messages;

/// <summary>
/// Code points that no registry has assigned for good, in one place, so that the day they are is one change. The names in the
/// enumerations (<c>ExtensionType</c>, <c>ProposalType</c>, <c>ComponentId</c>, <c>CipherSuite</c>) take their values from here.
/// Where nothing else is said, the value is the one "suggested" by draft-ietf-mls-extensions-09, §7.
/// </summary>
internal static class ProvisionalNumbers
{
    /// <summary>
    /// A cipher suite of X-Wing, ChaCha20-Poly1305, SHA-256 and Ed25519. The value is of RFC 9420 §17.1's range for private use; suites of
    /// this kind are to get their numbers by draft-ietf-mls-pq-ciphersuites.
    /// </summary>
    public const ushort XWingChaCha20Poly1305Sha256Ed25519 = 0xF647;

    /// <summary>§7.2.1: the extension <c>app_data_dictionary</c>.</summary>
    public const ushort AppDataDictionary = 0x0006;

    /// <summary>
    /// The extension <c>last_resort_key_package</c> of draft-ietf-mls-extensions-03 to -05. Newer drafts have a component of
    /// <c>app_data_dictionary</c> instead, <see cref="LastResortKeyPackage"/>; OpenMLS and what was built on it still send the extension.
    /// </summary>
    public const ushort LastResort = 0x000A;

    /// <summary>§7.3.1: the proposal <c>app_data_update</c>.</summary>
    public const ushort AppDataUpdate = 0x0008;

    /// <summary>§7.3.2: the proposal <c>app_ephemeral</c>.</summary>
    public const ushort AppEphemeral = 0x0009;

    /// <summary>§7.3.3: the proposal <c>self_remove</c>.</summary>
    public const ushort SelfRemove = 0x000A;

    /// <summary>§7.5, table 1: the component <c>app_components</c>.</summary>
    public const ushort AppComponents = 0x0001;

    /// <summary>§7.5, table 1: the component <c>safe_aad</c>.</summary>
    public const ushort SafeAad = 0x0002;

    /// <summary>§7.5, table 1: the component <c>last_resort_key_package</c>.</summary>
    public const ushort LastResortKeyPackage = 0x0004;

    /// <summary>§7.5, table 1: the component <c>app_ack</c>.</summary>
    public const ushort AppAck = 0x0005;
}
