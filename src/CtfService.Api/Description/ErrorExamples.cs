using System.Text.Json;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Idempotency;
using CtfService.Api.Models;
using CtfService.Api.Responses;
using CtfService.Api.Security;
using CtfService.Api.Uploads;
using CtfService.Api.Validation;
using CtfService.Core.Classes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Description;

/// <summary>
/// Provides one example of each error, by status and code. Each example comes from the code that creates the real error; for errors of the worker the text is
/// repeated here, and tests compare it with the real error.
/// </summary>
internal sealed class ErrorExamples(JsonProblems jsonProblems, IOptions<JsonOptions> json)
{
    /// <summary>The classes of the model in <see cref="Examples"/>.</summary>
    private static readonly ClassCatalog Classes = new([.. Enumerable.Range(0, Examples.Classes).Select(id => id == 1 ? "banana" : $"class {id}")]);

    /// <summary>Errors that every endpoint with a key can return before it runs.</summary>
    public static IReadOnlyList<ApiError> OfSecurity { get; } =
        [ApiKeyHandler.Missing, ApiKeyHandler.Invalid, RateLimits.Refusal(perMinute: 60, isKey: true, TimeSpan.FromSeconds(1))];

    /// <summary>Further errors of endpoints that accept uploads.</summary>
    public static IReadOnlyList<ApiError> OfUploads { get; } = [UploadGate.TooMany(uploads: 16)];

    private readonly ApiError[] _ofEndpoints =
    [
        Invalid(problems => problems.RequireRange<float>(40, 1, 20, "guidance_scale", "Limits:MaxGuidanceScale")),
        Unreadable<GenerateImageRequest>("""{"steps": 30}""", jsonProblems, json),
        Unreadable<GenerateImageRequest>("""{"n": "two"}""", jsonProblems, json),
        Invalid(problems => ClassChoice.Choose(new ClassReference("bananna", Id: null), prompt: null, Classes, problems)),
        Unreadable<GenerateImageRequest>("""{"class_label":banana}""", jsonProblems, json),
        ModelNames.NotLoaded("gpt-image-1", $"'{Examples.Model}'"),
        Representation.NotAcceptable(Representation.Offered(asked: null)),
        StatusErrors.BodyTimeout(TimeSpan.FromMinutes(1)),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        PlainBodies.Encoded("gzip"),
        PlainBodies.WrongCharset,
        IdempotencyMiddleware.Reused,
        new(429, "The queue has room for 2 more of 64 images (Inference:MaxQueuedImages); 4 were requested. Try again in 3 s.", "queue_full"),
        new(500, "The step that contained this image failed. The service log has the details.", "generation_failed"),
        new(503, "The model is still loading. Try again in a moment.", "model_not_ready"),
        new(
            504,
            "The request was not finished within 120 s, the limit in Inference:RequestTimeout. "
            + "Request fewer images, raise the limit, or try again when the service is less busy.",
            "deadline_exceeded"),
    ];

    private readonly ApiError[] _ofOperators =
    [
        new(
            400,
            "bundle 'fruits-65' was not found. There is no folder of that name with a model.json below Model:Root. GET /v1/admin/models lists the bundles.",
            "bundle_not_found",
            "bundle"),
        Unreadable<SwitchModelRequest>("""{"name": "fruits-64"}""", jsonProblems, json),
        ApiKeyHandler.NotAdmin,
        new(409, "The bundle 'fruits-64' is already loading; only one switch can run at a time. Retry when it completes.", "switch_in_progress"),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        new(422, "The bundle 'fruits-65' could not be loaded, and model 'fruits-64' keeps serving. coarse.safetensors is missing.", "bundle_unusable", "bundle"),
        new(500, "The bundle 'fruits-65' could not be loaded, and model 'fruits-64' keeps serving. Loading ended with NotSupportedException. The service log has the details.", "load_failed", "bundle"),
        new(503, "The bundle 'fruits-65' could not be loaded, and model 'fruits-64' keeps serving. The device has too little free memory for it.", "out_of_device_memory", "bundle"),
    ];

    /// <summary>Returns the examples of an endpoint's own errors; empty if the status is not an error.</summary>
    public IReadOnlyList<ApiError> Of(int status, bool isForOperators) =>
        [.. (isForOperators ? _ofOperators : _ofEndpoints).Where(error => error.Status == status)];

    private static ApiError Invalid(Action<RequestProblems> check)
    {
        var problems = new RequestProblems();
        check(problems);
        return ApiError.Invalid(problems.All);
    }

    /// <param name="body">A body that cannot be read as the request type.</param>
    private static ApiError Unreadable<TRequest>(string body, JsonProblems jsonProblems, IOptions<JsonOptions> json)
    {
        try
        {
            _ = JsonSerializer.Deserialize<TRequest>(body, json.Value.SerializerOptions);
        }
        catch (JsonException problem)
        {
            return jsonProblems.Describe(problem, typeof(TRequest));
        }

        throw new ArgumentException($"'{body}' is a readable {typeof(TRequest).Name}.", nameof(body));
    }
}
