using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Simulation.Core;

/// <summary>What has happened, line by line, and a hash over it: two runs of one seed have the same. The lines are kept, or shown, only where somebody reads them.</summary>
internal sealed class Trace(Agenda agenda, TextWriter? output) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public string Hash => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Add(string line)
    {
        string stamped = string.Create(CultureInfo.InvariantCulture, $"{agenda.Now:MM-dd HH:mm:ss.fff} {line}\n");
        _hash.AppendData(Encoding.UTF8.GetBytes(stamped));
        output?.Write(stamped);
    }

    public void Dispose() => _hash.Dispose();
}
