namespace Parley.Mls.Messages.Codec;

/// <summary>Why bytes are not a well-formed MLS structure. The first fault found, reading from the front.</summary>
public enum DecodeError
{
    /// <summary>No fault.</summary>
    None,

    /// <summary>The input ends before the structure does, or a vector's length points past the end (RFC 9420 §2.1).</summary>
    Truncated,

    /// <summary>Bytes follow the structure, or the last element of a vector ends before the vector does.</summary>
    TrailingBytes,

    /// <summary>A vector's length is not in its shortest form, or begins with the bits 11 (RFC 9420 §2.1.2).</summary>
    VectorLengthInvalid,

    /// <summary>The presence octet of an optional value is neither 0 nor 1 (RFC 9420 §2.1.1).</summary>
    PresenceInvalid,

    /// <summary>An enumeration that decides how to read on has a value that RFC 9420 does not define.</summary>
    UnknownEnumValue,

    /// <summary>A protocol version other than mls10.</summary>
    UnsupportedVersion,

    /// <summary>A list has more elements than <see cref="MessageLimits"/> allow.</summary>
    TooManyElements,

    /// <summary>A list of extensions has the same type twice (RFC 9420 §13.4).</summary>
    DuplicateExtension,

    /// <summary>A <c>ratchet_tree</c> extension that is empty, ends in a blank node, or holds a leaf where a parent belongs (RFC 9420 §12.4.3.3).</summary>
    RatchetTreeInvalid,

    /// <summary>Application data where only a PrivateMessage may hold it (RFC 9420 §6).</summary>
    ApplicationDataInPublicMessage,

    /// <summary><c>unmerged_leaves</c> not in strictly ascending order (RFC 9420 §7.1).</summary>
    UnmergedLeavesNotSorted,

    /// <summary>Components of an <c>app_data_dictionary</c> not in strictly ascending order (draft-ietf-mls-extensions-09 §4.6).</summary>
    ComponentsNotSorted,

    /// <summary>An AppAck with a range that is empty, out of order or overlaps another.</summary>
    MessageRangeInvalid,
}
