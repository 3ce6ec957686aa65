using System.Security.Cryptography;
using CsCheck;
using Parley.Mls.Crypto;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Crypto;

/// <summary>A look at a public key says what an encapsulation to it would: the library that does the arithmetic is the judge.</summary>
public sealed class PublicKeyCheckTests
{
    private const int Modulus = 3329;
    private const int Coefficients = 768;

    // p - 1, p, p + 1 and those around them; 0, 1, 2 and 3; and the two points of order 8.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", false)]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", false)]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000", true)]
    [InlineData("0300000000000000000000000000000000000000000000000000000000000000", true)]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", false)]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", false)]
    [InlineData("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true)]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false)]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false)]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false)]
    [InlineData("efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true)]
    public void A_key_of_X25519_is_refused_where_its_shared_secret_would_be_zero(string key, bool isKey)
    {
        byte[] bytes = Convert.FromHexString(key);
        foreach (byte last in (byte[])[bytes[^1], (byte)(bytes[^1] | 0x80)])
        {
            bytes[^1] = last;
            Assert.Equal(isKey, CanEncapsulate(KemAlgorithm.X25519, bytes));
            Assert.Equal(isKey, Kem.Create(Suites.Provider, KemAlgorithm.X25519).IsPublicKey(bytes));
        }
    }

    [Fact]
    public void Any_32_bytes_are_a_key_of_X25519_if_one_can_encapsulate_to_them() => Gen.Byte.Array[32].Sample(static key =>
        CanEncapsulate(KemAlgorithm.X25519, key) == Kem.Create(Suites.Provider, KemAlgorithm.X25519).IsPublicKey(key));

    [Fact]
    public void A_key_of_X_Wing_is_one_if_one_can_encapsulate_to_it()
    {
        var kem = Kem.Create(Suites.Provider, KemAlgorithm.XWing);
        using HpkeKeyPair keys = kem.GenerateKeyPair();
        Assert.True(kem.IsPublicKey(keys.PublicKey));
        Gen.Select(Gen.Int[0, Coefficients - 1], Gen.OneOf(Gen.Int[Modulus - 2, Modulus + 2], Gen.Int[0, 4095])).Sample(change =>
        {
            byte[] key = WithCoefficient(keys.PublicKey, change.Item1, change.Item2);
            Assert.Equal(change.Item2 < Modulus, CanEncapsulate(KemAlgorithm.XWing, key));
            Assert.Equal(change.Item2 < Modulus, kem.IsPublicKey(key));
        });
    }

    [Theory]
    [InlineData(0x00, false)] // Zero is a key of small order.
    [InlineData(0x01, true)]
    [InlineData(0xff, true)]
    public void After_the_coefficients_of_X_Wing_come_any_seed_and_a_key_of_X25519(byte fill, bool isKey)
    {
        var kem = Kem.Create(Suites.Provider, KemAlgorithm.XWing);
        using HpkeKeyPair keys = kem.GenerateKeyPair();
        byte[] key = [.. keys.PublicKey];
        key.AsSpan(Coefficients * 12 / 8).Fill(fill);
        Assert.Equal(isKey, CanEncapsulate(KemAlgorithm.XWing, key));
        Assert.Equal(isKey, kem.IsPublicKey(key));
    }

    private static bool CanEncapsulate(KemAlgorithm algorithm, byte[] publicKey)
    {
        var kem = Kem.Create(Suites.Provider, algorithm);
        return kem.TryEncap(publicKey, RandomNumberGenerator.GetBytes(kem.RandomBytes), new byte[kem.SharedSecretBytes], out _);
    }

    private static byte[] WithCoefficient(byte[] key, int index, int value)
    {
        byte[] changed = [.. key];
        int place = index / 2 * 3;
        if (index % 2 == 0)
        {
            changed[place] = (byte)(value & 0xff);
            changed[place + 1] = (byte)((changed[place + 1] & 0xf0) | (value >> 8));
        }
        else
        {
            changed[place + 1] = (byte)((changed[place + 1] & 0x0f) | ((value & 0x0f) << 4));
            changed[place + 2] = (byte)(value >> 4);
        }

        return changed;
    }
}
