using CtfService.Jobs.Work;

namespace CtfService.Api.Idempotency;

/// <summary>Stores responses by key, and lets one of several equal requests run. Thread-safe.</summary>
/// <remarks>Both methods throw <see cref="JobStoreUnavailableException"/> if the responses are in a database that cannot be used now.</remarks>
internal interface IIdempotencyStore
{
    /// <summary>Claims a request. If nothing is known of it, the claimant must produce the response, and others wait until it is completed.</summary>
    Task<IdempotencyClaim> ClaimAsync(KeyedRequest request, CancellationToken cancellation);

    /// <summary>Completes a claim. Without a response to store, the key is free again.</summary>
    /// <param name="response">The response; null if the request failed or was aborted.</param>
    /// <returns>Null if the response may be sent; otherwise the response that another process has given meanwhile, which must be sent instead.</returns>
    /// <exception cref="Errors.RequestRefusedException">The key belongs to another request by now.</exception>
    Task<StoredResponse?> CompleteAsync(KeyedRequest request, StoredResponse? response);
}

/// <summary>A request with an <c>Idempotency-Key</c>.</summary>
/// <param name="Fingerprint">Hash of everything that the response depends on.</param>
internal sealed record KeyedRequest(IdempotencyKey Key, string Fingerprint)
{
    /// <summary>Returns the request that the middleware has found; null without a key.</summary>
    public static KeyedRequest? Of(HttpContext http) => http.Features.Get<KeyedRequest>();
}
