namespace CtfService.Api.Idempotency;

/// <summary>What the store knows of a request. One of the nested cases.</summary>
internal abstract record Claim
{
    private Claim()
    {
    }

    /// <summary>Nothing: answer it.</summary>
    public sealed record Free : Claim;

    /// <summary>It has been answered or is being answered.</summary>
    /// <param name="Answer">Null if it failed in the end: claim again.</param>
    public sealed record Taken(Task<StoredAnswer?> Answer) : Claim;

    /// <summary>The key belongs to another request.</summary>
    public sealed record OtherRequest : Claim;
}
