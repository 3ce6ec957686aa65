namespace Parley.Bench.Mls;

/// <summary>What one operation takes, as it is written to the JSON file.</summary>
/// <param name="Name">The operation.</param>
/// <param name="Suite">The cipher suite's number.</param>
/// <param name="Leaves">Members of the group; 0 where there is none.</param>
/// <param name="Shape">"flat", "full", or empty where there is no tree.</param>
/// <param name="PayloadBytes">Length of the application data that is protected or unprotected; 0 elsewhere.</param>
/// <param name="MedianUs">Median time in microseconds.</param>
/// <param name="MinUs">Shortest time in microseconds.</param>
/// <param name="CpuUs">Median of the processor time, of all threads of the process: what a busy machine does not change.</param>
/// <param name="PrimitivesUs">What the operation's calls of primitives take by themselves.</param>
/// <param name="Ratio">The median of the ratio of each time to that of the primitives beside it.</param>
/// <param name="Bytes">Length of the message that was made or read.</param>
/// <param name="AllocatedBytes">Median of what was allocated on the managed heap.</param>
/// <param name="StorageBytes">Keys and values of what is to be stored after it.</param>
internal sealed record MlsRow(
    string Name, int Suite, int Leaves, string Shape, int PayloadBytes,
    double MedianUs, double MinUs, double CpuUs, double PrimitivesUs, double Ratio, int Bytes, long AllocatedBytes, int StorageBytes);
