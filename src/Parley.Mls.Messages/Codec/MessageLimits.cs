namespace Parley.Mls.Messages.Codec;

/// <summary>
/// How much a decoder will take. RFC 9420 sets no bounds beyond a vector's 2^30 bytes; without bounds a hostile message costs its
/// receiver more than its sender. Every list is bounded, in one place.
/// </summary>
public static class MessageLimits
{
    /// <summary>Nodes in a ratchet tree: 2^17 - 1, a tree of 65,536 leaves.</summary>
    public const int TreeNodesMax = (1 << 17) - 1;

    /// <summary>Leaves in a ratchet tree.</summary>
    public const int LeavesMax = 1 << 16;

    /// <summary>Proposals in a Commit: each Add costs every member two signatures to verify, whatever the Commit turns out to be in the end.</summary>
    public const int ProposalsMax = 1024;

    /// <summary>Entries for new members in a Welcome.</summary>
    public const int WelcomeSecretsMax = 4096;

    /// <summary>Nodes of an UpdatePath: the depth of the largest tree.</summary>
    public const int PathNodesMax = 17;

    /// <summary>Extensions in one list.</summary>
    public const int ExtensionsMax = 64;

    /// <summary>Entries in one list of capabilities.</summary>
    public const int CapabilitiesMax = 256;

    /// <summary>Certificates in an X.509 credential.</summary>
    public const int CertificatesMax = 16;

    /// <summary>Pre-shared keys named in one list.</summary>
    public const int PreSharedKeysMax = 256;

    /// <summary>Entries of the <c>external_senders</c> extension.</summary>
    public const int ExternalSendersMax = 64;

    /// <summary>Components in one list.</summary>
    public const int ComponentsMax = 256;

    /// <summary>Ranges of one AppAck.</summary>
    public const int MessageRangesMax = 1 << 16;
}
