using Parley.Client;
using Parley.Terminal.Screen;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.Screen;

public sealed class NamesTests
{
    private static readonly MemberInfo[] Members = [Scene.Member("alice", "Alice L."), Scene.Member("bob"), Scene.Member("carol", "Caroline")];

    [Theory]
    [InlineData("Bobby", "Bobby")]
    [InlineData("Bärbel 🐻", "Bärbel 🐻")]
    [InlineData("alice", "bob")]
    [InlineData("ALICE", "bob")]
    [InlineData("a l i c e", "bob")]
    [InlineData("al1ce", "bob")]
    [InlineData("A1ice", "bob")]
    [InlineData("Ⓐⓛⓘⓒⓔ", "bob")]
    [InlineData("alice\u200b", "bob")]
    [InlineData("Alice L", "bob")]
    [InlineData("caroline", "bob")]
    [InlineData("*", "bob")]
    [InlineData("  ", "bob")]
    [InlineData("\u001b[31mred", "␛[31mred")]
    public void A_nickname_is_shown_only_while_it_cannot_pass_for_someone_else(string nickname, string shown) =>
        Assert.Equal(shown, Names.Of(Scene.Says(1, "bob", "hi", name: nickname), Members));
}
