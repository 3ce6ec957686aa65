using System.Text.Json;
using Parley.Mls.Tests.Vectors;
using Parley.Sodium;

namespace Parley.Mls.Tests.Crypto;

/// <summary>The X-Wing draft's own vectors: the seed's key pair, an encapsulation with given randomness, and its decapsulation.</summary>
public sealed class XWingVectorTests
{
    [Fact]
    public void X_wing() => VectorFiles.RunAll("xwing", "xwing-kem", RunCase);

    private static string? RunCase(JsonElement vector)
    {
        byte[] publicKey = new byte[XWing.PublicKeyBytes];
        XWing.DerivePublicKey(vector.Hex("seed"), publicKey);
        Assert.Equal(vector.Hex("pk"), publicKey);
        Assert.Equal(vector.Hex("sk"), vector.Hex("seed"));

        byte[] ciphertext = new byte[XWing.CiphertextBytes];
        byte[] sharedSecret = new byte[XWing.SharedSecretBytes];
        Assert.True(XWing.TryEncapsulate(publicKey, vector.Hex("eseed"), ciphertext, sharedSecret));
        Assert.Equal(vector.Hex("ct"), ciphertext);
        Assert.Equal(vector.Hex("ss"), sharedSecret);

        byte[] received = new byte[XWing.SharedSecretBytes];
        Assert.True(XWing.TryDecapsulate(vector.Hex("sk"), ciphertext, received));
        Assert.Equal(sharedSecret, received);
        return null;
    }
}
