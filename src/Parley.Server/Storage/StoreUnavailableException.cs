namespace Parley.Server.Storage;

/// <summary>The store cannot take a write now: the disk is full or failing, or too much is waiting. Nothing of the write was stored.</summary>
internal sealed class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    public StoreUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
