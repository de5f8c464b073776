namespace CtfService.Api.Idempotency;

/// <summary>What the store knows of a request. One of the nested cases.</summary>
internal abstract record IdempotencyClaim
{
    private IdempotencyClaim()
    {
    }

    /// <summary>Nothing: the caller must produce the response.</summary>
    public sealed record Free : IdempotencyClaim;

    /// <summary>It has been answered or is being answered.</summary>
    /// <param name="Response">Null if it failed in the end: claim again.</param>
    public sealed record Taken(Task<StoredResponse?> Response) : IdempotencyClaim;

    /// <summary>The key belongs to another request.</summary>
    public sealed record OtherRequest : IdempotencyClaim;
}
