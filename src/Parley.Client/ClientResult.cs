using System.Diagnostics.CodeAnalysis;

namespace Parley.Client;

/// <summary>The outcome of something that may be refused. Refusals are values: nothing is thrown for what a user can cause or meet.</summary>
public sealed record ClientResult
{
    private ClientResult(ClientError? error) => Error = error;

    /// <summary>The outcome of what worked.</summary>
    public static ClientResult Success { get; } = new(error: null);

    /// <summary>Why it was refused, or null.</summary>
    public ClientError? Error { get; }

    /// <summary>Whether it worked.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Error is null;

    /// <summary>A refusal with the code's own sentence.</summary>
    public static ClientResult Refuse(ClientErrorCode code) => new(ErrorText.Of(code));

    /// <summary>A refusal.</summary>
    public static ClientResult Refuse(ClientError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new ClientResult(error);
    }

    /// <summary>The outcome of what gave a value.</summary>
    public static ClientResult<T> Of<T>(T value)
        where T : notnull => new(value, error: null);

    /// <summary>A refusal, with the code's own sentence, of what would have given a value.</summary>
    public static ClientResult<T> Refuse<T>(ClientErrorCode code)
        where T : notnull => new(default, ErrorText.Of(code));

    /// <summary>A refusal of what would have given a value.</summary>
    public static ClientResult<T> Refuse<T>(ClientError error)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(error);
        return new ClientResult<T>(default, error);
    }
}

/// <summary>The outcome of something that gives a value or is refused.</summary>
/// <typeparam name="T">What it gives.</typeparam>
public sealed class ClientResult<T>
    where T : notnull
{
    private readonly T? _value;

    internal ClientResult(T? value, ClientError? error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>Why it was refused, or null.</summary>
    public ClientError? Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Error is null;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public T Value => Error is null ? _value! /* set whenever there is no error */ : throw new InvalidOperationException(Error.Sentence);

    /// <summary>The value, or why there is none.</summary>
    public bool TryGetValue([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out ClientError? error)
    {
        value = _value;
        error = Error;
        return Error is null;
    }
}
