using System.Text.Json;
using Parley.Mls.BouncyCastle;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;

namespace Parley.Mls.Tests.Vectors;

/// <summary>What the vector tests of groups share: the suites built here and an Authentication Service that trusts the vectors' made-up names.</summary>
internal static class Suites
{
    private const int P521ScalarBytes = 66;

    /// <summary>The provider that has all suites.</summary>
    public static ICryptoProvider Provider { get; } = new BouncyCastleCryptoProvider(new NativeCryptoProvider(RandomSource.System));

    /// <summary>The suite of a case.</summary>
    public static CryptoSuite Of(JsonElement vector) => new(Provider, (CipherSuite)vector.Int("cipher_suite"));

    /// <summary>Policy that takes the vectors' leaves: their lifetimes are made up, and those of suite 7 do not list suite 7.</summary>
    public static GroupConfig Config(CryptoSuite suite, IPreSharedKeys? psks = null) => new()
    {
        Crypto = Provider,
        Authentication = new AcceptAll(),
        PreSharedKeys = psks,
        IgnoresLifetimes = true,
        IgnoresSuiteCapability = suite.Id == CipherSuite.P384Aes256GcmSha384P384,
    };

    /// <summary>Decodes one structure, which must encode to the same bytes again.</summary>
    public static T Decode<T>(byte[] encoded)
        where T : class, ITlsStruct<T>
    {
        Assert.True(Tls.TryDecode(encoded, out T? value, out DecodeError error), error.ToString());
        Assert.Equal(encoded, value.Encode());
        return value;
    }

    /// <summary>A private key of a case. Those of P-521 have lost the leading zeros of their fixed-width scalars.</summary>
    public static byte[] PrivateKey(this JsonElement vector, CryptoSuite suite, string name)
    {
        byte[] key = vector.Hex(name);
        return suite.Id == CipherSuite.P521Aes256GcmSha512P521 ? [.. new byte[P521ScalarBytes - key.Length], .. key] : key;
    }

    private sealed class AcceptAll : IAuthenticationService
    {
        public bool IsValid(LeafNode leaf) => true;

        public bool IsSuccessor(LeafNode current, LeafNode successor) => true;

        public bool IsValid(ExternalSender sender) => true;
    }
}
