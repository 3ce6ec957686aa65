namespace Parley.Mls.Crypto;

/// <summary>One cipher suite over one provider.</summary>
public sealed class CryptoSuite;
