namespace Parley.Mls.Messages.Components;

/// <summary>
/// draft-ietf-mls-extensions-09 §4.1: a part of the application that has data or secrets of its own in a group. Values that are not
/// named are the application's; those from 0x8000 on are for private use.
/// </summary>
public enum ComponentId : ushort
{
    /// <summary>§5: the components a leaf supports or a group requires.</summary>
    AppComponents = ProvisionalNumbers.AppComponents,

    /// <summary>§4.9, §5: the components that put items into authenticated data.</summary>
    SafeAad = ProvisionalNumbers.SafeAad,

    /// <summary>§6.4: marks a KeyPackage that may be used more than once.</summary>
    LastResortKeyPackage = ProvisionalNumbers.LastResortKeyPackage,

    /// <summary>§6.1: which application messages a member has received.</summary>
    AppAck = ProvisionalNumbers.AppAck,
}
