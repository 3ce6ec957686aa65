using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Proposals;

/// <summary>RFC 9420 §12.4: a proposal in a Commit, whole or by the hash of the message it was sent in.</summary>
public abstract record ProposalOrRef : ITlsStruct<ProposalOrRef>
{
    private const byte ProposalType = 1;
    private const byte ReferenceType = 2;

    private ProposalOrRef()
    {
    }

    /// <inheritdoc/>
    public static ProposalOrRef Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        switch (reader.ReadUInt8())
        {
            case ProposalType:
                return new ByValue(Proposal.Read(reader));
            case ReferenceType:
                return new ByReference(reader.ReadVector());
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new ByReference(default);
        }
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (this)
        {
            case ByValue value:
                writer.WriteUInt8(ProposalType);
                value.Proposal.Write(writer);
                break;
            case ByReference reference:
                writer.WriteUInt8(ReferenceType);
                writer.WriteVector(reference.Reference);
                break;
        }
    }

    /// <summary>The proposal itself.</summary>
    /// <param name="Proposal">The proposal.</param>
    public sealed record ByValue(Proposal Proposal) : ProposalOrRef;

    /// <summary>RFC 9420 §5.2: a ProposalRef.</summary>
    /// <param name="Reference">The hash.</param>
    public sealed record ByReference(ReadOnlyMemory<byte> Reference) : ProposalOrRef;
}

/// <summary>RFC 9420 §12.4: begins a new epoch.</summary>
/// <param name="Proposals">What it puts into effect.</param>
/// <param name="Path">The committer's new keys, where needed.</param>
public sealed record Commit(ImmutableArray<ProposalOrRef> Proposals, UpdatePath? Path) : ITlsStruct<Commit>
{
    // A copy that is changed (by "with") is not what was decoded.
    private Commit(Commit original)
    {
        Proposals = original.Proposals;
        Path = original.Path;
    }

    /// <summary>About how many bytes it takes. A method, because it is no part of the content.</summary>
    public int CapacityHint() => Math.Max(1024, Encoded.Length);

    // Verified, hashed, stored: its encoding, which can be large, is needed again and again.
    private ReadOnlyMemory<byte> Encoded { get; init; }

    /// <inheritdoc/>
    public static Commit Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int start = reader.Position;
        return new Commit(reader.ReadVectorOf(ProposalOrRef.Read, MessageLimits.ProposalsMax), reader.ReadOptional(UpdatePath.Read))
        {
            Encoded = reader.Since(start),
        };
    }

    /// <summary>The same, encoded once for all the times it is written.</summary>
    public Commit WithEncoding()
    {
        var writer = new TlsWriter(CapacityHint());
        Write(writer);
        return this with { Encoded = writer.Take() };
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (!Encoded.IsEmpty)
        {
            writer.WriteBytes(Encoded.Span);
            return;
        }

        writer.WriteVectorOf(Proposals, Tls.WriteStruct);
        writer.WriteOptional(Path, Tls.WriteStruct);
    }
}
