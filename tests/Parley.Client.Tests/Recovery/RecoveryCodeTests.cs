using Parley.Client.Recovery;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Recovery;

public sealed class RecoveryCodeTests
{
    private static readonly NativeCryptoProvider Crypto = new(RandomSource.System);

    /// <summary>From the test vectors of BIP-39's reference implementation.</summary>
    public static TheoryData<string, string> Vectors => new()
    {
        { "00000000000000000000000000000000", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about" },
        { "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "legal winner thank year wave sausage worth useful legal winner thank yellow" },
        { "80808080808080808080808080808080", "letter advice cage absurd amount doctor acoustic avoid letter advice cage above" },
        { "ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong" },
        { "9e885d952ad362caeb4efe34a8e91bd2", "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Words_stand_for_the_bits_of_BIP_39(string bits, string words)
    {
        using RecoveryCode code = RecoveryCode.Parse(words, Crypto).Value;
        Assert.Equal(bits, Convert.ToHexStringLower(code.Entropy));
        Assert.Equal(words, code.ToWords(Crypto));
    }

    [Fact]
    public void Codes_differ_and_are_read_back()
    {
        using var one = RecoveryCode.Create(Crypto);
        using var other = RecoveryCode.Create(Crypto);
        Assert.NotEqual(one.ToWords(Crypto), other.ToWords(Crypto));
        using RecoveryCode read = RecoveryCode.Parse(one.ToWords(Crypto), Crypto).Value;
        Assert.Equal(one.Entropy, read.Entropy);
    }

    [Theory]
    [InlineData("OZONE drill  grab\tfiber curtain grace, pudding thank cruise elder eight picnic.")]
    [InlineData("ozon dril grab fibe curt grac pudd than crui elde eigh picn")]
    [InlineData("1. ozone 2. drill 3. grab 4. fiber 5. curtain 6. grace 7. pudding 8. thank 9. cruise 10. elder 11. eight 12. picnic")]
    public void What_people_type_is_read(string typed)
    {
        using RecoveryCode code = RecoveryCode.Parse(typed, Crypto).Value;
        Assert.Equal("9e885d952ad362caeb4efe34a8e91bd2", Convert.ToHexStringLower(code.Entropy));
    }

    [Theory]
    [InlineData("", "A recovery code has 12 words, and these are 0.")]
    [InlineData("ozone drill grab fiber curtain grace pudding thank cruise elder eight", "A recovery code has 12 words, and these are 11.")]
    [InlineData("ozone drill grab fibre curtain grace pudding thank cruise elder eight picnic", "Word 4 is none of the words that recovery codes are made of.")]
    [InlineData("ozone drill grab fiber curtains grace pudding thank cruise elder eight picnic", "Word 5 is none of the words that recovery codes are made of.")]
    [InlineData("drill ozone grab fiber curtain grace pudding thank cruise elder eight picnic", "These words are no recovery code. One of them is another, or two have changed places.")]
    public void What_is_wrong_is_said(string typed, string sentence)
    {
        ClientError error = Assert.IsType<ClientError>(RecoveryCode.Parse(typed, Crypto).Error);
        Assert.Equal((ClientErrorCode.RecoveryCodeInvalid, sentence), (error.Code, error.Sentence));
    }
}
