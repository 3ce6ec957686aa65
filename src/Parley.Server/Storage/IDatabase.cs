namespace Parley.Server.Storage;

/// <summary>
/// Where the server keeps everything: a SQLite file, or PostgreSQL. Both run the same SQL, so each store is written once; what differs
/// between them is in <see cref="StoreSession"/> and the numbered files of <see cref="Migrations"/>.
/// </summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>What people call it, without a password: for the greeting and for error messages.</summary>
    string Description { get; }

    /// <inheritdoc cref="WriteQueue.WriteAsync"/>
    Task<T> WriteAsync<T>(Func<StoreSession, T> apply, int bytes = 1024, Action<Exception>? failed = null);

    /// <inheritdoc cref="WriteQueue.WriteTogetherAsync"/>
    Task<TResult> WriteTogetherAsync<TItem, TResult>(TItem item, ApplyTogether<TItem, TResult> apply, int bytes, Action<Exception>? failed);

    /// <summary>Runs queries on what is committed.</summary>
    /// <exception cref="StoreUnavailableException">The store is failing.</exception>
    ValueTask<T> ReadAsync<T>(Func<StoreSession, T> read);
}

/// <summary>Applies writes that stand next to each other at once, and sets the result of each.</summary>
internal delegate void ApplyTogether<TItem, TResult>(StoreSession session, ReadOnlySpan<TItem> items, Span<TResult> results);
