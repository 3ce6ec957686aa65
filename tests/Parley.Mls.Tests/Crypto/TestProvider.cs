using Parley.Mls.BouncyCastle;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Mls.Tests.Crypto;

/// <summary>The crypto providers there are. What <see cref="ICryptoProvider"/> promises is tested on each.</summary>
public enum TestProvider
{
    Native,
    BouncyCastle,
}

internal static class TestProviders
{
    public static ICryptoProvider Create(this TestProvider provider, RandomSource random) => provider switch
    {
        TestProvider.Native => new NativeCryptoProvider(random),
        TestProvider.BouncyCastle => new BouncyCastleCryptoProvider(new NativeCryptoProvider(random)),
        _ => throw new ArgumentOutOfRangeException(nameof(provider)),
    };

    /// <summary>A row for each algorithm that a provider supports, provider by provider.</summary>
    public static TheoryData<TestProvider, T> Rows<T>(Func<ICryptoProvider, T, bool> isSupported)
        where T : struct, Enum
    {
        var rows = new TheoryData<TestProvider, T>();
        foreach (TestProvider provider in Enum.GetValues<TestProvider>())
        {
            ICryptoProvider crypto = provider.Create(RandomSource.System);
            foreach (T algorithm in Enum.GetValues<T>().Where(algorithm => isSupported(crypto, algorithm)))
                rows.Add(provider, algorithm);
        }

        return rows;
    }
}
