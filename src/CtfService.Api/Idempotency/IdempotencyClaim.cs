namespace CtfService.Api.Idempotency;

/// <summary>Result of a claim in the store: one of the nested cases.</summary>
internal abstract record IdempotencyClaim
{
    private IdempotencyClaim()
    {
    }

    /// <summary>The key is new: the claimant must produce the response.</summary>
    public sealed record Free : IdempotencyClaim;

    /// <summary>The request has been answered or is being answered.</summary>
    /// <param name="Response">Null if the request failed; claim again.</param>
    public sealed record Taken(Task<StoredResponse?> Response) : IdempotencyClaim;

    /// <summary>The key was used for another request.</summary>
    public sealed record OtherRequest : IdempotencyClaim;
}
