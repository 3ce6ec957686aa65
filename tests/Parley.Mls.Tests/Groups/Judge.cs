using System.Text;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>An Authentication Service that believes everyone but those a test names.</summary>
internal sealed class Judge : IAuthenticationService
{
    public HashSet<string> Refused { get; } = [];

    public bool AcceptsSuccessors { get; set; } = true;

    public bool AcceptsNewcomers { get; set; } = true;

    public Func<Credential.X509, bool> AcceptsChain { get; set; } = static _ => true;

    /// <summary>How many leaves it has judged.</summary>
    public int Judged { get; private set; }

    public bool IsValid(LeafNode leaf)
    {
        Judged++;
        return leaf.Credential switch
        {
            Credential.Basic basic => !Refused.Contains(Encoding.UTF8.GetString(basic.Identity.Span)),
            Credential.X509 x509 => AcceptsChain(x509),
            _ => false,
        };
    }

    public bool IsValid(ExternalSender sender) =>
        sender.Credential is not Credential.Basic basic || !Refused.Contains(Encoding.UTF8.GetString(basic.Identity.Span));

    public bool IsSuccessor(LeafNode current, LeafNode successor) => AcceptsSuccessors;

    public bool MayProposeItself(LeafNode newcomer) => AcceptsNewcomers;
}
