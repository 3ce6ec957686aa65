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

    public bool IsValid(LeafNode leaf) => leaf.Credential is not Credential.Basic basic || !Refused.Contains(Encoding.UTF8.GetString(basic.Identity.Span));

    public bool IsValid(ExternalSender sender) =>
        sender.Credential is not Credential.Basic basic || !Refused.Contains(Encoding.UTF8.GetString(basic.Identity.Span));

    public bool IsSuccessor(LeafNode current, LeafNode successor) => AcceptsSuccessors;

    public bool MayProposeItself(LeafNode newcomer) => AcceptsNewcomers;
}
