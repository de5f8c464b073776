using CtfService.Jobs.Work;

namespace CtfService.Jobs.State;

/// <summary>
/// Keeps the responses to requests that may be repeated, for all processes. A request is claimed before it is answered; the claim is a lease, so that another
/// process takes over if this one disappears. Thread-safe; no call takes longer than a few seconds.
/// </summary>
/// <remarks>Every method throws <see cref="JobStoreUnavailableException"/> if the store cannot be reached or written.</remarks>
public interface IResponseStore
{
    /// <summary>Claims a request. Does not wait for its response if another claim is valid.</summary>
    /// <param name="owner">Unique for each claim. The same claim may be made again.</param>
    /// <param name="lease">Time from which another process may take over, unless the claim is renewed.</param>
    Task<ResponseClaim> ClaimAsync(RepeatableRequest request, string owner, TimeSpan lease, CancellationToken cancellation);

    /// <summary>Extends claims. Those that others have taken over stay theirs.</summary>
    Task RenewAsync(IReadOnlyCollection<string> owners, TimeSpan lease, CancellationToken cancellation);

    /// <summary>
    /// Stores a response, unless there is one: if several processes answer a request, because one of them paused for longer than its lease, the first response
    /// is that of all.
    /// </summary>
    /// <param name="bytes">Size of the response as it counts for <see cref="SweepAsync"/>.</param>
    /// <returns>
    /// <see cref="ResponseClaim.Owned"/> if the response was stored, <see cref="ResponseClaim.Answered"/> if there was one, or
    /// <see cref="ResponseClaim.OtherRequest"/> if the key belongs to another request by now.
    /// </returns>
    Task<ResponseClaim> CompleteAsync(
        RepeatableRequest request, string owner, ResponseContent response, long bytes, TimeSpan lifetime, CancellationToken cancellation);

    /// <summary>Ends a claim without a response, so that the next request can claim the key. Does nothing if another process has taken over.</summary>
    Task ReleaseAsync(RepeatableRequest request, string owner, CancellationToken cancellation);

    /// <summary>
    /// Deletes what has expired. While the responses have more bytes than allowed, deletes the oldest of the caller with the most bytes, in the group with the
    /// most.
    /// </summary>
    Task SweepAsync(long maxBytes, CancellationToken cancellation);
}

/// <summary>A request that may be repeated.</summary>
/// <param name="Caller">Who chose the key.</param>
/// <param name="Key">Name of the request, unique for the caller.</param>
/// <param name="Group">Callers that share the space for their responses.</param>
/// <param name="Fingerprint">Hash of everything that the response depends on.</param>
public sealed record RepeatableRequest(string Caller, string Key, string Group, string Fingerprint);

/// <summary>A response as it is stored.</summary>
/// <param name="Headers">In a form that the caller of the store chooses.</param>
public sealed record ResponseContent(int Status, string Headers, byte[] Body);

/// <summary>What the store knows of a request: one of the nested cases.</summary>
public abstract record ResponseClaim
{
    private ResponseClaim()
    {
    }

    /// <summary>The request belongs to the claimant.</summary>
    public sealed record Owned : ResponseClaim;

    /// <summary>Another request is answering it.</summary>
    public sealed record Running : ResponseClaim;

    /// <summary>The request has been answered.</summary>
    public sealed record Answered(ResponseContent Response) : ResponseClaim;

    /// <summary>The key was used for another request.</summary>
    public sealed record OtherRequest : ResponseClaim;
}
