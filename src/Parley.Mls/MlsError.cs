namespace Parley.Mls;

/// <summary>
/// The rule that a received message, KeyPackage or Welcome broke, one case a rule. Whatever the case, the group is as it was before.
/// docs/mls-validation.md maps each to its section of RFC 9420.
/// </summary>
public enum MlsError
{
    /// <summary>Bytes that do not decode (§2.1, §6).</summary>
    Malformed,

    /// <summary>A kind of message that cannot be processed here, such as a KeyPackage given to a group.</summary>
    UnexpectedMessage,

    /// <summary>Another group's id (§6.1).</summary>
    WrongGroup,

    /// <summary>A handshake message of a past epoch, or any message of a future one (§12.1, §12.4.2).</summary>
    WrongEpoch,

    /// <summary>Application data of an epoch whose keys have been deleted (§15.3).</summary>
    EpochExpired,

    /// <summary>A cipher suite that is not the group's, or not one that the provider has.</summary>
    UnsupportedCipherSuite,

    /// <summary>The group was reinitialized and sends nothing more (§12.4.2).</summary>
    GroupReinitialized,

    /// <summary>This member was removed from the group.</summary>
    RemovedFromGroup,

    /// <summary>The sender's leaf is blank or beyond the tree (§6.3.2).</summary>
    SenderNotMember,

    /// <summary>The sender's kind may not send this (§6.1, §12.1.8).</summary>
    SenderNotAllowed,

    /// <summary>A message of our own came back. It was processed when it was sent.</summary>
    OwnMessage,

    /// <summary>The content's signature does not verify (§6.1).</summary>
    SignatureInvalid,

    /// <summary>The membership tag is absent or wrong (§6.2).</summary>
    MembershipTagInvalid,

    /// <summary>The confirmation tag is wrong (§12.4.2).</summary>
    ConfirmationTagInvalid,

    /// <summary>Sender data that does not decrypt (§6.3.2).</summary>
    SenderDataDecryptionFailed,

    /// <summary>Content that does not decrypt (§6.3.1).</summary>
    DecryptionFailed,

    /// <summary>A key that was used before and deleted, or one so old that it was not kept (§9.2).</summary>
    KeyConsumed,

    /// <summary>A generation further ahead than policy allows (§15.3).</summary>
    GenerationTooFarAhead,

    /// <summary>Padding that is not all zero (§6.3.1).</summary>
    PaddingInvalid,

    /// <summary>A LeafNode whose signature does not verify (§7.3).</summary>
    LeafSignatureInvalid,

    /// <summary>A LeafNode of another source than its place demands (§7.3).</summary>
    LeafSourceInvalid,

    /// <summary>A LeafNode or external sender whose credential the application refuses (§5.3.1, §7.3).</summary>
    CredentialInvalid,

    /// <summary>A new LeafNode whose credential the application does not accept as the old one's successor (§5.3.1).</summary>
    CredentialNotSuccessor,

    /// <summary>An X.509 credential without a certificate, with one that is too large, or whose first does not hold the leaf's signature key (§5.3).</summary>
    CertificateInvalid,

    /// <summary>A LeafNode that does not list its own credential's type (§7.2).</summary>
    CredentialNotInCapabilities,

    /// <summary>A credential type that some member does not support (§7.3).</summary>
    CredentialNotSupportedByGroup,

    /// <summary>A LeafNode with an extension it does not list, or that has no place in a leaf (§7.2, §17.3).</summary>
    LeafExtensionInvalid,

    /// <summary>A LeafNode that lacks the group's version or suite, or something in required_capabilities (§7.3, §11.1).</summary>
    RequiredCapabilityMissing,

    /// <summary>A LeafNode that lacks an extension of the GroupContext (§13.4).</summary>
    GroupExtensionNotSupported,

    /// <summary>A LeafNode outside of its lifetime, or whose lifetime is longer than policy allows (§7.3).</summary>
    LifetimeInvalid,

    /// <summary>An HPKE key to which nothing can be encrypted (RFC 9180 §7.1.4).</summary>
    HpkeKeyInvalid,

    /// <summary>An HPKE or signature key that is already in the tree, or twice among the new ones (§7.3, §12.4.2).</summary>
    KeyNotUnique,

    /// <summary>An Update or a path whose leaf keeps its encryption key (§7.3, §12.4.2).</summary>
    EncryptionKeyNotChanged,

    /// <summary>A KeyPackage whose signature does not verify (§10.1).</summary>
    KeyPackageSignatureInvalid,

    /// <summary>A KeyPackage for another suite (§10.1).</summary>
    KeyPackageSuiteMismatch,

    /// <summary>A KeyPackage whose init key is its leaf's encryption key (§10.1).</summary>
    InitKeyReused,

    /// <summary>An extension that stands where it has no place (§17.3).</summary>
    ExtensionMisplaced,

    /// <summary>A known extension whose content does not decode.</summary>
    ExtensionMalformed,

    /// <summary>A reference to a proposal that was not received in this epoch (§12.4).</summary>
    UnknownProposalReference,

    /// <summary>A Commit that holds the same reference twice (§12.4).</summary>
    DuplicateProposalReference,

    /// <summary>An Update of the committer itself (§12.2).</summary>
    UpdateByCommitter,

    /// <summary>A Remove of the committer (§12.2).</summary>
    RemoveOfCommitter,

    /// <summary>Two Updates or Removes of one leaf (§12.2).</summary>
    DuplicateLeafChange,

    /// <summary>A Remove of a leaf that is blank or beyond the tree (§12.1.3).</summary>
    RemoveOfBlankLeaf,

    /// <summary>Two Adds of one client, or one of a client that is in the group (§12.2).</summary>
    DuplicateMember,

    /// <summary>Two PreSharedKey proposals with one id (§12.2).</summary>
    DuplicatePsk,

    /// <summary>A PSK whose nonce has a wrong length (§12.1.4).</summary>
    PskNonceInvalid,

    /// <summary>A resumption PSK whose usage has no place here (§12.1.4).</summary>
    PskUsageInvalid,

    /// <summary>A PSK that this client does not have (§12.4.2, §12.4.3.1).</summary>
    PskUnknown,

    /// <summary>A proposal of a type that some member does not support who would have to process it (§12.2).</summary>
    ProposalNotSupported,

    /// <summary>A SelfRemove in a Commit by value (draft-ietf-mls-extensions-09 §6.3.1).</summary>
    SelfRemoveByValue,

    /// <summary>A SelfRemove that is not sent as a PublicMessage (draft-ietf-mls-extensions-09 §6.3.1).</summary>
    SelfRemoveNotPublic,

    /// <summary>An AppDataUpdate or AppEphemeral of a component that the application does not know (draft-ietf-mls-extensions-09 §4.7, §4.8).</summary>
    ComponentUnknown,

    /// <summary>An AppDataUpdate or AppEphemeral that the component's logic refuses (draft-ietf-mls-extensions-09 §4.7, §4.8).</summary>
    AppDataRefused,

    /// <summary>An AppDataUpdate that removes what is not there (draft-ietf-mls-extensions-09 §4.7).</summary>
    AppDataMissing,

    /// <summary>An AppDataUpdate that removes a component's data beside another of the same component (draft-ietf-mls-extensions-09 §4.7).</summary>
    AppDataUpdateConflict,

    /// <summary>A GroupContextExtensions that changes the app_data_dictionary where AppDataUpdate is required of all (draft-ietf-mls-extensions-09 §4.7).</summary>
    AppDataDictionaryReplaced,

    /// <summary>Two GroupContextExtensions proposals (§12.2).</summary>
    DuplicateGroupContextExtensions,

    /// <summary>A ReInit beside other proposals (§12.2).</summary>
    ReInitNotAlone,

    /// <summary>A ReInit to a lower version (§12.1.5).</summary>
    ReInitVersionInvalid,

    /// <summary>An ExternalInit in a Commit of a member (§12.2).</summary>
    ExternalInitNotAllowed,

    /// <summary>An external Commit without exactly one ExternalInit (§12.2).</summary>
    ExternalInitMissing,

    /// <summary>An external Commit with a proposal that has no place in it, or one by reference (§12.2, §12.4.3.2).</summary>
    ExternalCommitProposalInvalid,

    /// <summary>An ExternalInit whose KEM output is not valid (§8.3).</summary>
    ExternalInitInvalid,

    /// <summary>A GroupInfo without the key that an external Commit needs (§12.4.3.2).</summary>
    ExternalPubMissing,

    /// <summary>A Commit without the path it needs (§12.4).</summary>
    PathMissing,

    /// <summary>A path with more or fewer nodes than the filtered direct path (§7.5).</summary>
    PathLengthInvalid,

    /// <summary>A path node with more or fewer ciphertexts than the resolution it is for (§7.6).</summary>
    PathCiphertextCountInvalid,

    /// <summary>A path secret that does not decrypt (§7.6).</summary>
    PathDecryptionFailed,

    /// <summary>A path secret that does not give the public key in the path (§7.5).</summary>
    PathKeyMismatch,

    /// <summary>A Welcome without the path secret that gives the keys above us (§12.4.3.1).</summary>
    PathSecretMissing,

    /// <summary>A path leaf whose parent hash is not that of the nodes above it (§7.9.2).</summary>
    ParentHashInvalid,

    /// <summary>A Welcome with no entry, or more than one, for the KeyPackage (§12.4.3.1).</summary>
    WelcomeNotForUs,

    /// <summary>Group secrets that do not decrypt or decode (§12.4.3.1).</summary>
    GroupSecretsInvalid,

    /// <summary>A GroupInfo that does not decrypt or decode (§12.4.3.1).</summary>
    GroupInfoDecryptionFailed,

    /// <summary>A GroupInfo whose signature does not verify, or whose signer is blank (§12.4.3).</summary>
    GroupInfoSignatureInvalid,

    /// <summary>No ratchet tree, neither in the GroupInfo nor beside it (§12.4.3.3).</summary>
    RatchetTreeMissing,

    /// <summary>A ratchet tree whose hash is not the GroupContext's (§12.4.3.1).</summary>
    TreeHashMismatch,

    /// <summary>A tree with unmerged leaves that are blank, elsewhere, or not listed on the way up (§12.4.3.1).</summary>
    UnmergedLeavesInvalid,

    /// <summary>Our own leaf is not in the tree (§12.4.3.1).</summary>
    OwnLeafMissing,

    /// <summary>A resumption PSK for a new group whose epoch is not 1 (§11.2, §11.3).</summary>
    ResumptionEpochInvalid,

    /// <summary>A reinitialized group that is not what the ReInit asked for, or whose old group did not end in one (§11.2).</summary>
    ReInitMismatch,

    /// <summary>A reinitialized group without one of the old one's members (§11.2).</summary>
    ReInitMemberMissing,

    /// <summary>A branch with another version or suite than its group (§11.3).</summary>
    BranchMismatch,

    /// <summary>A branch with a member who is not in its group (§11.3).</summary>
    BranchMemberUnknown,

    /// <summary>A Commit that we signed in this epoch and of which this state knows nothing: it was restored from an older copy, and cannot follow it.</summary>
    OwnCommitForgotten,
}
