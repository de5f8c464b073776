using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Jobs.Work;

namespace CtfService.Api.Idempotency;

/// <summary>
/// Executes a request with an <c>Idempotency-Key</c> once. A request with the same key and body gets the stored response; while the first one runs, it
/// waits for that response. A failure is not stored: the next waiting request then runs instead. Applies to endpoints with
/// <see cref="IdempotencyExtensions.WithIdempotency"/>.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IIdempotencyStore store, ErrorWriter errors)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<IdempotentEndpoint>() is null || !http.Request.Headers.ContainsKey(CustomHeaders.IdempotencyKey))
        {
            await next(http);
            return;
        }

        if (!IdempotencyKey.TryRead(http, out var key, out var invalid))
        {
            await errors.WriteAsync(http, invalid);
            return;
        }

        var request = new KeyedRequest(key, await RequestFingerprint.Of(http.Request, http.RequestAborted));
        http.Features.Set(request);
        IdempotencyClaim claim;
        StoredResponse? known;
        try
        {
            (claim, known) = await ClaimAsync(request, http.RequestAborted);
        }
        catch (JobStoreUnavailableException)
        {
            await errors.WriteAsync(http, Unavailable);
            return;
        }

        await (known is not null ? known.Replay(http)
            : claim is IdempotencyClaim.OtherRequest ? errors.WriteAsync(http, Reused)
            : RespondAndStore(http, request));
    }

    internal static ApiError Reused { get; } = new(
        StatusCodes.Status422UnprocessableEntity,
        $"This {CustomHeaders.IdempotencyKey} belongs to another request: address, body or Accept header were different. Send a new key for a new request.",
        "idempotency_key_reused",
        CustomHeaders.IdempotencyKey);

    internal static ApiError Unavailable { get; } = new(
        StatusCodes.Status503ServiceUnavailable,
        $"Responses cannot be stored at the moment, so a request with an {CustomHeaders.IdempotencyKey} cannot be answered safely. "
        + "Send it again later with the same key; requests without one are answered.",
        "state_store_unavailable")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>Returns the claim, and the response if the request has been answered.</summary>
    private async Task<(IdempotencyClaim Claim, StoredResponse? Known)> ClaimAsync(KeyedRequest request, CancellationToken cancellation)
    {
        while (true)
        {
            var claim = await store.ClaimAsync(request, cancellation);
            var known = claim is IdempotencyClaim.Taken taken ? await taken.Response.WaitAsync(cancellation) : null;
            if (known is not null || claim is not IdempotencyClaim.Taken)
            {
                return (claim, known);
            }
        }
    }

    private async Task RespondAndStore(HttpContext http, KeyedRequest request)
    {
        StoredResponse response;
        try
        {
            response = await Capture(http);
        }
        catch
        {
            await store.CompleteAsync(request, response: null);
            throw;
        }

        try
        {
            // Before it is sent, because the client may have hung up and will retry.
            if (await store.CompleteAsync(request, response) is { } earlier)
            {
                response.Withdraw(http.Response);
                await earlier.Replay(http);
                return;
            }
        }
        catch (Exception exception) when (exception is JobStoreUnavailableException or RequestRefusedException)
        {
            response.Withdraw(http.Response);
            await errors.WriteAsync(http, exception is RequestRefusedException refused ? refused.Error : Unavailable);
            return;
        }

        if (response.Body.Length > 0) // outer middleware fills in an empty error
        {
            await http.Response.Body.WriteAsync(response.Body, http.RequestAborted);
        }
    }

    /// <summary>Runs the endpoint with a response body in memory.</summary>
    private async Task<StoredResponse> Capture(HttpContext http)
    {
        var before = http.Response.Headers.ToDictionary();
        var body = http.Response.Body;
        using var copy = new MemoryStream();
        http.Response.Body = copy;
        try
        {
            await next(http);
            await http.Response.BodyWriter.FlushAsync(CancellationToken.None); // into memory
        }
        finally
        {
            http.Response.Body = body;
        }

        return StoredResponse.Of(http.Response, before, copy.ToArray());
    }
}
