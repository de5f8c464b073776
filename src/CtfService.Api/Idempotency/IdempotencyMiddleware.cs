using CtfService.Api.Errors;
using CtfService.Api.Http;

namespace CtfService.Api.Idempotency;

/// <summary>
/// Answers a request with an <c>Idempotency-Key</c> once: who asks again with the same key and the same body gets the first answer again, who asks meanwhile waits
/// for it. A failure is not remembered; the next who waits then tries in its place. For endpoints that ask for it by <see cref="IdempotencyExtensions.WithIdempotency"/>.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, AnswerStore store, ErrorWriter errors)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<IdempotentEndpoint>() is null || !http.Request.Headers.ContainsKey(CustomHeaders.IdempotencyKey))
        {
            await next(http);
            return;
        }

        if (!AnswerKey.TryRead(http, out var key, out var invalid))
        {
            await errors.WriteAsync(http, invalid);
            return;
        }

        var fingerprint = await RequestFingerprint.Of(http.Request, http.RequestAborted);
        while (true)
        {
            switch (store.Claim(key, fingerprint))
            {
                case Claim.Free:
                    await AnswerAndRemember(http, key);
                    return;
                case Claim.OtherRequest:
                    await errors.WriteAsync(http, Reused);
                    return;
                case Claim.Taken taken when await taken.Answer.WaitAsync(http.RequestAborted) is { } answer:
                    await answer.WriteAgain(http);
                    return;
            }
        }
    }

    internal static ApiError Reused { get; } = new(
        StatusCodes.Status422UnprocessableEntity,
        $"This {CustomHeaders.IdempotencyKey} belongs to another request: address, body or Accept header were different. Send a new key for a new request.",
        "idempotency_key_reused",
        CustomHeaders.IdempotencyKey);

    private async Task AnswerAndRemember(HttpContext http, AnswerKey key)
    {
        StoredAnswer? answer = null;
        try
        {
            answer = await Capture(http);
        }
        finally
        {
            store.Complete(key, answer); // before it is sent: the caller may have hung up and will ask again
        }

        if (answer.Body.Length > 0) // an empty error is filled in further out
        {
            await http.Response.Body.WriteAsync(answer.Body, http.RequestAborted);
        }
    }

    /// <summary>Runs the endpoint on a body in memory.</summary>
    private async Task<StoredAnswer> Capture(HttpContext http)
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

        return StoredAnswer.Of(http.Response, before, copy.ToArray());
    }
}
