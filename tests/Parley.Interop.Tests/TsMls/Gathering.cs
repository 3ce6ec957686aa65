namespace Parley.Interop.Tests.TsMls;

/// <summary>Small groups, for tests of one thing.</summary>
internal static class Gathering
{
    /// <summary>The first makes a group and adds the others.</summary>
    public static void Gather(params IReadOnlyList<MixedMember> members)
    {
        members[0].Create("group"u8.ToArray());
        Change[] adds = [.. members.Skip(1).Select(static joiner => new Change.Add(joiner.NewKeyPackage()))];
        MadeCommit made = members[0].Commit(new CommitOrder(adds, ForcesPath: false, TreeInside: true));
        members[0].Merge();
        foreach (MixedMember joiner in members.Skip(1))
            Assert.Null(joiner.TryJoin(made.Welcome!, null)); // Clients were added, so there is a Welcome.
        AssertAgreement(members);
    }

    /// <summary>One commits, and the others follow.</summary>
    public static void Commit(MixedMember committer, IReadOnlyList<MixedMember> members, params IReadOnlyList<Change> changes)
    {
        MadeCommit made = committer.Commit(new CommitOrder(changes, ForcesPath: false, TreeInside: false));
        committer.Merge();
        foreach (MixedMember member in members.Where(member => member != committer))
            Assert.Null(member.TryProcess(made.Message));
        AssertAgreement(members);
    }

    public static void AssertAgreement(IReadOnlyList<MixedMember> members)
    {
        MemberStatus[] all = [.. members.Select(static member => member.Status)];
        Assert.All(all, status => Assert.Equal(all[0] with { Leaf = status.Leaf }, status));
    }

    public static void AssertTalk(IReadOnlyList<MixedMember> members)
    {
        foreach (MixedMember sender in members)
        {
            byte[] message = sender.Protect("hello"u8.ToArray());
            Assert.All(members.Where(member => member != sender), member => Assert.Equal("hello"u8.ToArray(), member.Unprotect(message)));
        }
    }
}
