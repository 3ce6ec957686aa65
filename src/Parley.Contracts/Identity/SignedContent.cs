using Parley.Mls.Messages.Codec;

namespace Parley.Contracts.Identity;

/// <summary>
/// What an account or device key signs outside of MLS. Each has its own label, in the shape of RFC 9420 §5.1.2 with the prefix
/// "Parley 1.0 " where MLS has "MLS 1.0 ", so that no signature made for one purpose can be used for another.
/// </summary>
public static class SignedContent
{
    /// <summary>What the device key signs to sign in.</summary>
    /// <param name="server">The server's name, so that a challenge cannot be relayed to another server.</param>
    /// <param name="protocolVersion">The version of <c>Hello</c>, so that nobody on the way can have an older one spoken.</param>
    /// <param name="device">The device that signs in.</param>
    /// <param name="challenge">The server's 32 bytes, which it has given to this connection alone.</param>
    public static byte[] SignIn(string server, uint protocolVersion, DeviceId device, ReadOnlySpan<byte> challenge)
    {
        var content = new TlsWriter();
        content.WriteVector(System.Text.Encoding.UTF8.GetBytes(server));
        content.WriteUInt32(protocolVersion);
        content.WriteVector(device.ToArray());
        content.WriteVector(challenge);
        return Labelled("SignIn", content.WrittenSpan);
    }

    /// <summary>What the device key signs to hand its account over to a new device.</summary>
    /// <param name="transcript">The hash of all that the two devices have exchanged.</param>
    /// <param name="certificate">The new device's encoded certificate.</param>
    public static byte[] LinkHandover(ReadOnlySpan<byte> transcript, ReadOnlySpan<byte> certificate)
    {
        var content = new TlsWriter();
        content.WriteVector(transcript);
        content.WriteVector(certificate);
        return Labelled("LinkHandover", content.WrittenSpan);
    }

    internal static byte[] Labelled(string label, ReadOnlySpan<byte> content)
    {
        var writer = new TlsWriter();
        writer.WriteVector(System.Text.Encoding.ASCII.GetBytes("Parley 1.0 " + label));
        writer.WriteVector(content);
        return writer.ToArray();
    }
}
