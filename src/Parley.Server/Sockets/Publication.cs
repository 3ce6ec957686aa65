using Parley.Contracts.Identity;
using Parley.Server.Log;
using Parley.Server.Sequencing;

namespace Parley.Server.Sockets;

/// <summary>What is to be told to all who listen to a log, on this node and on others.</summary>
/// <param name="Log">The log's <see cref="LogName.Key"/>. Empty: it is about no log, and the devices were taken out of their accounts.</param>
/// <param name="Sequence">The entry's number.</param>
/// <param name="Frame">The entry as the frame that clients get, shared by all of them. Empty: the log has grown, and is to be read from the store.</param>
/// <param name="Removed">The ids of the devices that may read no further, one after the other.</param>
[GenerateSerializer]
[Orleans.Immutable]
internal sealed record Publication(string Log, ulong Sequence, byte[] Frame, byte[] Removed)
{
    private const int BytesBeside = 256;

    /// <summary>About how much memory it holds.</summary>
    public int Bytes => Frame.Length + Removed.Length + BytesBeside;

    public static Publication OfGrowth(LogName log) => new(log.Key, 0, [], []);

    public static Publication OfRevocation(DeviceId device) => new("", 0, [], DeviceIds.Pack([device]));
}
