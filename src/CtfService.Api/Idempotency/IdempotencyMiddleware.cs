using CtfService.Api.Contracts;
using CtfService.Api.Errors;

namespace CtfService.Api.Idempotency;

/// <summary>
/// Executes a request with an <c>Idempotency-Key</c> once. A request with the same key and body gets the stored response; while the first one runs, it
/// waits for that response. A failure is not stored: the next waiting request then runs instead. Applies to endpoints with
/// <see cref="IdempotencyExtensions.WithIdempotency"/>.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IdempotencyStore store, ErrorWriter errors)
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

        var fingerprint = await RequestFingerprint.Of(http.Request, http.RequestAborted);
        while (true)
        {
            switch (store.Claim(key, fingerprint))
            {
                case IdempotencyClaim.Free:
                    await RespondAndStore(http, key);
                    return;
                case IdempotencyClaim.OtherRequest:
                    await errors.WriteAsync(http, Reused);
                    return;
                case IdempotencyClaim.Taken taken when await taken.Response.WaitAsync(http.RequestAborted) is { } response:
                    await response.Replay(http);
                    return;
            }
        }
    }

    internal static ApiError Reused { get; } = new(
        StatusCodes.Status422UnprocessableEntity,
        $"This {CustomHeaders.IdempotencyKey} belongs to another request: address, body or Accept header were different. Send a new key for a new request.",
        "idempotency_key_reused",
        CustomHeaders.IdempotencyKey);

    private async Task RespondAndStore(HttpContext http, IdempotencyKey key)
    {
        StoredResponse? response = null;
        try
        {
            response = await Capture(http);
        }
        finally
        {
            store.Complete(key, response); // before it is sent, because the client may have hung up and will retry
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
