using Parley.Mls.Messages;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <content>How a run is to be, and what is known of an epoch.</content>
internal sealed partial class Simulation
{
    /// <summary>What is wrong on purpose, so that a test can see that it is found.</summary>
    internal enum Fault
    {
        None,

        /// <summary>The Delivery Service takes two Commits for one epoch and gives half of the members each.</summary>
        TwoCommits,

        /// <summary>One client computes the exporter secret otherwise.</summary>
        WrongExporter,

        /// <summary>One client computes the secrets of components otherwise.</summary>
        WrongSafeExporter,

        /// <summary>One client computes the epoch authenticator otherwise.</summary>
        WrongAuthenticator,

        /// <summary>All clients have a component that replaces what it should append to.</summary>
        WrongAppData,

        /// <summary>What a client has stored does not know of the secrets it exported.</summary>
        ExportNotStored,

        /// <summary>What is known of who has read what leaves out all that was read.</summary>
        ReadingForgotten,

        /// <summary>A client's own ratchet moves with each message it refuses.</summary>
        RefusalChanges,

        /// <summary>A client reads what was written with the name of another on it.</summary>
        WrongSender,

        /// <summary>The tree that is expected is one without Updates.</summary>
        WrongTree,

        /// <summary>One who was removed has the state of one who stays.</summary>
        RemovedKeepsReading,

        /// <summary>One who joins has the state of the member that let it in.</summary>
        JoinerReadsEarlier,

        /// <summary>A client goes back to what it had stored before it read a message.</summary>
        OldBackup,

        /// <summary>No client's store deletes anything.</summary>
        KeepsDeleted,
    }

    /// <param name="Steps">How many things are done.</param>
    /// <param name="MembersMax">About how many members there are at most.</param>
    /// <param name="Fault">What is wrong on purpose.</param>
    /// <param name="EndsInReInit">Whether the group is ended.</param>
    /// <param name="WatchesSecrets">Whether a few clients are watched for secrets that should be gone.</param>
    internal sealed record Settings(int Steps, int MembersMax, Fault Fault = Fault.None, bool EndsInReInit = false, bool WatchesSecrets = false)
    {
        public CipherSuite Suite { get; init; } = World.DefaultSuite;
    }

    /// <summary>What is known of an epoch as soon as its Commit has been accepted.</summary>
    /// <param name="Members">Who is in it.</param>
    /// <param name="Context">The GroupContext, by the one who made the Commit.</param>
    /// <param name="Authenticator">The epoch authenticator, by the same.</param>
    /// <param name="TreeHash">The tree hash, by the oracle.</param>
    /// <param name="AppData">The data of components, by their oracle.</param>
    internal sealed record Epoch(
        List<Peer> Members, GroupContext Context, byte[] Authenticator, byte[] TreeHash, IReadOnlyDictionary<ComponentId, byte[]> AppData)
    {
        /// <summary>The secrets of components, by the first to come.</summary>
        public Dictionary<ComponentId, byte[]> SafelyExported { get; } = [];

        /// <summary>An exported secret, by the first to come.</summary>
        public byte[]? Exported { get; set; }
    }
}
