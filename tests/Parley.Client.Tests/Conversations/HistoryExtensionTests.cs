using System.Collections.Immutable;
using Parley.Client.Conversations;
using Parley.Mls.Messages.Extensions;

namespace Parley.Client.Tests.Conversations;

/// <summary>What a group's administrator has put into the GroupContext is a policy that can be chosen, or nothing.</summary>
public sealed class HistoryExtensionTests
{
    public static TheoryData<HistoryPolicyKind, int> Policies => new()
    {
        { HistoryPolicyKind.FromInvitation, 0 },
        { HistoryPolicyKind.LastDays, 1 },
        { HistoryPolicyKind.LastDays, HistoryPolicy.DaysMax },
        { HistoryPolicyKind.All, 0 },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_policy_is_read_as_it_was_written(HistoryPolicyKind kind, int days)
    {
        var policy = new HistoryPolicy(kind, days);
        Assert.True(HistoryExtension.TryFind([HistoryExtension.Of(policy)], out HistoryPolicy? read));
        Assert.Equal(policy, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("83010200")] // the last no days
    [InlineData("830102190e43")] // more days than can be chosen
    [InlineData("83010301")] // all, and days besides
    [InlineData("83010000")] // none, which is said by no extension
    [InlineData("83020301")] // another version
    [InlineData("83010400")] // another kind
    [InlineData("83011affffffff00")] // a kind beyond all numbers
    [InlineData("8301021affffffff")] // days beyond all numbers
    [InlineData("820103")] // too few
    [InlineData("8401030000")] // too many
    [InlineData("8301030000")] // something behind it
    [InlineData("83010320")] // a negative number
    [InlineData("8301036130")] // a text
    [InlineData("83011803 00")] // not the shortest form
    public void Anything_else_is_none(string hex)
    {
        byte[] data = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.False(HistoryExtension.TryFind([new Extension(HistoryExtension.Type, data)], out HistoryPolicy? policy));
        Assert.Null(policy);
        Assert.False(HistoryExtension.TryFind(ImmutableArray<Extension>.Empty, out _));
    }
}
