using CtfService.Api.Errors;
using CtfService.Api.Idempotency;
using CtfService.Api.Negotiation;
using CtfService.Api.Security;

namespace CtfService.Api.Description;

/// <summary>What each error looks like, one example for each code that belongs to the status.</summary>
internal static class ErrorExamples
{
    /// <summary>What every guarded endpoint may answer before it is reached.</summary>
    public static IReadOnlyList<ApiError> OfTheGuard { get; } = [ApiKeyHandler.Missing, ApiKeyHandler.Invalid, RateLimits.Refusal(perMinute: 60, isKey: true, TimeSpan.FromSeconds(1))];

    private static readonly ApiError[] OfEndpoints =
    [
        new(400, "guidance_scale is 40; expected 1 to 20 (the upper end is set in Limits:MaxGuidanceScale).", "out_of_range", "guidance_scale"),
        new(400, "Unknown field 'steps'. Known fields are class_label, prompt, n, seed.", "unknown_field", "steps"),
        new(400, "n must be an integer between -2147483648 and 2147483647.", "wrong_type", "n"),
        new(400, "class_label 'bananna' is not a class of this model; expected a name or an index from 0 to 23. Did you mean 'banana'? GET /v1/classes lists every class.", "unknown_class", "class_label"),
        new(400, "The body is not valid JSON: line 1, byte 17.", "malformed_json"),
        new(404, "Model 'gpt-image-1' is not loaded; expected 'fruits-64'.", "model_not_found", "id"),
        new(406, "The Accept header takes none of application/json, image/png, image/jpeg, image/webp. Name one of them or leave the header out.", "not_acceptable"),
        StatusErrors.BodyTimeout(TimeSpan.FromMinutes(1)),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        PlainBodies.Encoded("gzip"),
        PlainBodies.WrongCharset,
        IdempotencyMiddleware.Reused,
        new(429, "The queue has room for 2 more images of 64 (Inference:MaxQueuedImages); 4 were asked for. Try again in 3 s.", "queue_full"),
        new(500, "The batch that held this image failed. The log of the service has the details.", "generation_failed"),
        new(503, "The model is still loading. Try again in a moment.", "model_not_ready"),
        new(504, "The request was not finished within 120 s, the limit in Inference:RequestTimeout. Ask for fewer images or try again when the service is less busy.", "deadline_exceeded"),
    ];

    private static readonly ApiError[] OfOperators =
    [
        new(400, "bundle 'fruits-65' was not found. There is no folder of that name with a model.json below Model:Root. GET /v1/admin/models lists the bundles.", "bundle_not_found", "bundle"),
        new(400, "Unknown field 'name'. Known fields are bundle.", "unknown_field", "name"),
        ApiKeyHandler.NotAdmin,
        new(409, "The bundle 'fruits-64' is being loaded, and there is one switch at a time. Try again when it has ended.", "switch_in_progress"),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        new(422, "The bundle 'fruits-65' could not be loaded, and model 'fruits-64' goes on serving. coarse.safetensors is missing.", "bundle_unusable", "bundle"),
        new(500, "The bundle 'fruits-65' could not be loaded, and model 'fruits-64' goes on serving. Loading ended with NotSupportedException. The log of the service has the details.", "load_failed", "bundle"),
        new(503, "The bundle 'fruits-65' could not be loaded, and model 'fruits-64' goes on serving. The device has too little free memory for it.", "out_of_device_memory", "bundle"),
    ];

    /// <summary>Of an endpoint's own errors; empty where the status is none.</summary>
    public static IReadOnlyList<ApiError> Of(int status, bool isForOperators) => [.. (isForOperators ? OfOperators : OfEndpoints).Where(error => error.Status == status)];
}
