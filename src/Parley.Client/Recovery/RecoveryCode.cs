using System.Collections.Frozen;
using System.Globalization;
using Parley.Mls.Crypto;

namespace Parley.Client.Recovery;

/// <summary>
/// Twelve words that open an account's archive: 128 random bits and four of their SHA-256, in the words and the order of BIP-39. Whoever has
/// them and the archive has the account, so they are for paper. The caller disposes it.
/// </summary>
public sealed class RecoveryCode : IDisposable
{
    /// <summary>How many words a code has.</summary>
    public const int WordCount = 12;

    private const int EntropyBytes = 16;
    private const int BitsPerWord = 11;
    private const int ChecksumBits = (WordCount * BitsPerWord) - (EntropyBytes * 8);
    private const int PrefixChars = 4;

    private static readonly Lazy<string[]> List = new(Load);
    private static readonly Lazy<FrozenDictionary<string, int>> Numbers = new(Index);

    private readonly Secret _entropy;

    private RecoveryCode(Secret entropy) => _entropy = entropy;

    /// <summary>The bits that the words stand for.</summary>
    internal ReadOnlySpan<byte> Entropy => _entropy.AsSpan();

    /// <summary>Makes a new code.</summary>
    public static RecoveryCode Create(ICryptoProvider crypto)
    {
        ArgumentNullException.ThrowIfNull(crypto);
        var entropy = new Secret(EntropyBytes);
        crypto.FillRandom(entropy.AsWritableSpan());
        return new RecoveryCode(entropy);
    }

    /// <summary>
    /// Reads what a user typed: the words, or the first four letters of each, in any case, with anything between them that is no letter. What does not
    /// fit is told before any archive is touched.
    /// </summary>
    public static ClientResult<RecoveryCode> Parse(string text, ICryptoProvider crypto)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(crypto);
        string[] words = Split(text);
        if (words.Length != WordCount)
            return Refuse($"A recovery code has {WordCount} words, and these are {words.Length.ToString(CultureInfo.InvariantCulture)}.");
        Span<byte> bits = stackalloc byte[((WordCount * BitsPerWord) + 7) / 8];
        bits.Clear();
        for (int i = 0; i < WordCount; i++)
        {
            if (!Numbers.Value.TryGetValue(words[i], out int number) && (words[i].Length <= PrefixChars || !IsWord(words[i], out number)))
                return Refuse($"Word {(i + 1).ToString(CultureInfo.InvariantCulture)} is none of the words that recovery codes are made of.");
            for (int bit = 0; bit < BitsPerWord; bit++)
                Set(bits, (i * BitsPerWord) + bit, (number >> (BitsPerWord - 1 - bit)) & 1);
        }

        byte checksum = Checksum(crypto, bits[..EntropyBytes]);
        bool fits = bits[EntropyBytes] >> (8 - ChecksumBits) == checksum;
        var code = fits ? new RecoveryCode(new Secret(bits[..EntropyBytes])) : null;
        bits.Clear();
        return code is not null ? ClientResult.Of(code) : Refuse("These words are no recovery code. One of them is another, or two have changed places.");
    }

    /// <summary>The words, separated by spaces.</summary>
    public string ToWords(ICryptoProvider crypto)
    {
        ArgumentNullException.ThrowIfNull(crypto);
        Span<byte> bits = stackalloc byte[EntropyBytes + 1];
        _entropy.AsSpan().CopyTo(bits);
        bits[EntropyBytes] = (byte)(Checksum(crypto, _entropy.AsSpan()) << (8 - ChecksumBits));
        string[] words = new string[WordCount];
        for (int i = 0; i < WordCount; i++)
        {
            int number = 0;
            for (int bit = 0; bit < BitsPerWord; bit++)
                number = (number << 1) | Get(bits, (i * BitsPerWord) + bit);
            words[i] = List.Value[number];
        }

        bits.Clear();
        return string.Join(' ', words);
    }

    /// <summary>Zeroes the bits.</summary>
    public void Dispose() => _entropy.Dispose();

    private static ClientResult<RecoveryCode> Refuse(string sentence) => ClientResult.Refuse<RecoveryCode>(new ClientError(ClientErrorCode.RecoveryCodeInvalid, sentence));

    /// <summary>A word of more than four letters must be right to its end: its first four only find it.</summary>
    private static bool IsWord(string word, out int number) => Numbers.Value.TryGetValue(word[..PrefixChars], out number) && List.Value[number] == word;

    private static string[] Split(string text)
    {
        string letters = string.Concat(text.Select(static c => char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) : ' '));
        return letters.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static byte Checksum(ICryptoProvider crypto, ReadOnlySpan<byte> entropy)
    {
        Span<byte> digest = stackalloc byte[32];
        crypto.Hash(HashAlgorithm.Sha256, entropy, digest);
        return (byte)(digest[0] >> (8 - ChecksumBits));
    }

    private static int Get(ReadOnlySpan<byte> bits, int index) => (bits[index / 8] >> (7 - (index % 8))) & 1;

    private static void Set(Span<byte> bits, int index, int value) => bits[index / 8] |= (byte)(value << (7 - (index % 8)));

    private static string[] Load()
    {
        using Stream stream = typeof(RecoveryCode).Assembly.GetManifestResourceStream("words.txt") ?? throw new InvalidOperationException("The words are in the program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The words by themselves, where they have four letters or fewer, and by their first four, which no two share.</summary>
    private static FrozenDictionary<string, int> Index() =>
        List.Value.Select(static (word, number) => KeyValuePair.Create(word.Length <= PrefixChars ? word : word[..PrefixChars], number)).ToFrozenDictionary(StringComparer.Ordinal);
}
