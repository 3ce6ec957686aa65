using Parley.Mls.Crypto;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §8.4: the pre-shared keys a client has, apart from a group's own resumption PSKs, which it keeps itself.</summary>
public interface IPreSharedKeys
{
    /// <summary>A copy of the key, or null if there is none. The caller disposes it.</summary>
    Secret? Find(PreSharedKeyId id);
}
