namespace Parley.Mls.Messages;

/// <summary>RFC 9420 §6: the protocol version. Only mls10 exists; others may stand in lists of capabilities.</summary>
public enum ProtocolVersion : ushort
{
    /// <summary>MLS 1.0, RFC 9420.</summary>
    Mls10 = 1,
}
