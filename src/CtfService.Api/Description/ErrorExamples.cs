using System.Text.Json;
using CtfService.Api.Batches;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Datasets;
using CtfService.Api.Errors;
using CtfService.Api.Files;
using CtfService.Api.Idempotency;
using CtfService.Api.Models;
using CtfService.Api.Responses;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Jobs.Usage;
using CtfService.Jobs.Work;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Description;

/// <summary>Provides one example of each error, by status and code. Each example comes from the code that creates the real error.</summary>
internal sealed class ErrorExamples(JsonProblems jsonProblems, IOptions<JsonOptions> json)
{
    /// <summary>Name of a bundle that cannot be loaded.</summary>
    private const string Damaged = "fruits-65";

    private static readonly ApiError RateLimited = RateLimitErrors.Exceeded(
        new UsageState(
            CallerLimits.Of("studio", new ApiKeyOptions { RequestsPerMinute = 60 }, new SecurityOptions()).Requests!,
            Used: 60,
            TimeSpan.FromSeconds(12),
            Started: 1),
        needed: 1);

    /// <summary>The classes of the model in <see cref="Examples"/>.</summary>
    private static readonly ClassCatalog Classes = new([.. Enumerable.Range(0, Examples.Classes).Select(id => id == 1 ? "banana" : $"class {id}")]);

    /// <summary>Errors that every endpoint with a key can return before it runs.</summary>
    public static IReadOnlyList<ApiError> OfSecurity { get; } =
        [ApiKeyHandler.Missing, ApiKeyHandler.Invalid, ApiKeyHandler.Unavailable, RateLimited];

    /// <summary>Further errors of endpoints that accept uploads.</summary>
    public static IReadOnlyList<ApiError> OfUploads { get; } = [UploadGate.TooMany(uploads: 16)];

    private readonly ApiError[] _ofEndpoints =
    [
        Invalid(problems => problems.RequireRange<float>(40, 1, 20, "guidance_scale", "Limits:MaxGuidanceScale")),
        Unreadable<GenerateImageRequest>("""{"steps": 30}""", jsonProblems, json),
        Unreadable<GenerateImageRequest>("""{"n": "two"}""", jsonProblems, json),
        Invalid(problems => ClassChoice.Choose(new ClassReference("bananna", Id: null), prompt: null, Classes, problems)),
        Unreadable<GenerateImageRequest>("""{"class_label":banana}""", jsonProblems, json),
        CallerPriority.HighNotAllowed,
        BatchErrors.NotFound("batch_0123"),
        ModelNames.NotLoaded("gpt-image-1", $"'{Examples.Model}'"),
        Representation.NotAcceptable(Representation.Offered(asked: null)),
        StatusErrors.BodyTimeout(TimeSpan.FromMinutes(1), "Limits:BodyTimeout"),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        PlainBodies.Encoded("gzip"),
        PlainBodies.WrongCharset,
        IdempotencyMiddleware.Reused,
        IdempotencyMiddleware.Unavailable,
        Mapped(CallerErrors.QueueFull(room: 2, capacity: 64, requested: 4, TimeSpan.FromSeconds(3)), jsonProblems),
        Mapped(CallerErrors.ShareFull(room: 4, waiting: 24, capacity: 64, requested: 16, TimeSpan.FromSeconds(3)), jsonProblems),
        Mapped(
            CallerErrors.DeadlineTooShort(TimeSpan.FromSeconds(4.2), TimeSpan.FromSeconds(2), "timeout_ms", TimeSpan.FromSeconds(3)), jsonProblems),
        Mapped(CallerErrors.StepFailed(new InvalidOperationException()), jsonProblems),
        Mapped(CallerErrors.NotFinite(), jsonProblems),
        Mapped(CallerErrors.Loading(), jsonProblems),
        Mapped(CallerErrors.DeviceHangs(TimeSpan.FromSeconds(121)), jsonProblems),
        Mapped(RequestDeadline.Of(new InferenceOptions()).Exceeded(), jsonProblems),
    ];

    private readonly ApiError[] _ofClasses =
    [
        StatusErrors.WrongNumber("seed", "first", "an integer from 0 to 2^64-1"),
        ClassChoice.NotFound("bananna", Classes),
        Representation.NotAcceptable(Representation.OfferedFiles),
        Mapped(CallerErrors.QueueFull(room: 0, capacity: 64, requested: 1, TimeSpan.FromSeconds(3)), jsonProblems),
        Mapped(CallerErrors.ShareFull(room: 0, waiting: 32, capacity: 64, requested: 1, TimeSpan.FromSeconds(3)), jsonProblems),
        Mapped(CallerErrors.StepFailed(new InvalidOperationException()), jsonProblems),
        Mapped(CallerErrors.NotFinite(), jsonProblems),
        Mapped(CallerErrors.Loading(), jsonProblems),
        Mapped(CallerErrors.DeviceHangs(TimeSpan.FromSeconds(121)), jsonProblems),
        Mapped(RequestDeadline.Of(new InferenceOptions()).Exceeded(), jsonProblems),
    ];

    /// <summary>Further errors of edits.</summary>
    private static readonly ApiError[] OfEdits =
        [.. new[]
        {
            EditFileException.OtherSize(mask: (64, 64), picture: (128, 128)),
            EditFileException.Opaque(hasAlpha: false),
            EditFileException.NoMask(hasAlpha: false),
            EditFileException.Cropped(EditFile.Mask, width: 64, height: 64),
        }.Select(problem => PictureReader.Refused(problem).Error)];

    private readonly ApiError[] _ofOperators =
    [
        BundleLibrary.Missing(Damaged).Error,
        Unreadable<SwitchModelRequest>("""{"name": "fruits-64"}""", jsonProblems, json),
        ApiKeyHandler.NotAdmin,
        Mapped(CallerErrors.SwitchInProgress(Examples.Model), jsonProblems),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        Mapped(CallerErrors.LoadFailed(Damaged, Examples.Model, new CheckpointException("coarse.safetensors is missing.")), jsonProblems),
        Mapped(CallerErrors.LoadFailed(Damaged, Examples.Model, new NotSupportedException()), jsonProblems),
        Mapped(
            CallerErrors.LoadFailed(Damaged, Examples.Model, new OutOfDeviceMemoryException("The device has too little free memory for it.")), jsonProblems),
    ];

    private readonly ApiError[] _ofKeys =
    [
        Invalid(problems => problems.RequireRange(2_000, 1, ApiKeyOptions.MaxWeight, "weight")),
        Unreadable<CreateKeyRequest>("{\"names\": \"studio\"}", jsonProblems, json),
        Unreadable<CreateKeyRequest>("{\"name\": 3}", jsonProblems, json),
        Unreadable<CreateKeyRequest>("{\"name\":studio}", jsonProblems, json),
        ApiKeyHandler.NotAdmin,
        ManagedKeys.NotFound(Examples.KeyId),
        ManagedKeys.NameTaken("studio"),
        ManagedKeys.TooMany,
        StatusErrors.BodyTimeout(TimeSpan.FromMinutes(1), "Limits:BodyTimeout"),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        ManagedKeys.NoStore,
        ExceptionMapping.StorageUnavailable,
    ];

    private readonly ApiError[] _ofFiles =
    [
        Invalid(problems => problems.RequireOneOf("fine-tune", [FilePurposes.Batch], "purpose")),
        UserFiles.NotFound(Examples.FileId),
        UserFiles.ContentMissing(Examples.FileId),
        StatusErrors.BodyTimeout(TimeSpan.FromHours(1), "Jobs:UploadTimeout"),
        FileUploadReader.TooLarge(new JobsOptions()),
        UserFiles.QuotaExceeded(stored: 900_000_000, added: 200_000_000, most: 1_000_000_000),
        StatusErrors.Describe(415),
        StatusErrors.Describe(412),
        StatusErrors.Describe(416),
        ExceptionMapping.StorageUnavailable,
    ];

    private readonly ApiError[] _ofDatasets =
    [
        Invalid(problems => problems.RequireRange(500, 1, 128, "shard_size", "Jobs:ShardImages")),
        Unreadable<DatasetRequest>("""{"counts": {"apple": "many"}}""", jsonProblems, json),
        Unreadable<DatasetRequest>("""{"perclass": 3}""", jsonProblems, json),
        Unreadable<DatasetRequest>("""{"per_class":many}""", jsonProblems, json),
        Invalid(problems => ImageCountChoice.Choose(new DatasetRequest(), Classes, new JobsOptions(), problems)),
        UserDatasets.NotFound(Examples.DatasetId),
        UserDatasets.FileNotFound(Examples.DatasetId, "images-000009.tar"),
        UserDatasets.NotEnded(Examples.DatasetId, JobState.InProgress),
        JobQuota.Exceeded(unfinished: 100, most: 100),
        UserDatasets.QuotaExceeded(unfinished: 90_000, asked: 20_000, most: 100_000),
        StatusErrors.BodyTimeout(TimeSpan.FromMinutes(1), "Limits:BodyTimeout"),
        StatusErrors.Describe(413),
        StatusErrors.Describe(415),
        StatusErrors.Describe(412),
        StatusErrors.Describe(416),
        IdempotencyMiddleware.Reused,
        IdempotencyMiddleware.Unavailable,
        ExceptionMapping.StorageUnavailable,
        Mapped(CallerErrors.Loading(), jsonProblems),
    ];

    /// <summary>Returns the examples of an endpoint's own errors; empty if the status is not an error.</summary>
    public IReadOnlyList<ApiError> Of(int status, PathString path) => [.. OfPath(path).Where(error => error.Status == status)];

    private ApiError[] OfPath(PathString path) =>
        path.StartsWithSegments("/v1/admin/keys") ? _ofKeys
        : path.StartsWithSegments("/v1/admin") ? _ofOperators
        : path.StartsWithSegments(FileRoutes.Group) ? _ofFiles
        : path.StartsWithSegments(DatasetRoutes.Group) ? _ofDatasets
        : path.StartsWithSegments(ClassRoutes.Group) ? _ofClasses
        : path.StartsWithSegments($"{ImageRoutes.Group}/{ImageRoutes.Edits}") ? [.. _ofEndpoints, .. OfEdits]
        : _ofEndpoints;

    private static ApiError Invalid(Action<RequestProblems> check)
    {
        var problems = new RequestProblems();
        check(problems);
        return ApiError.Invalid(problems.All);
    }

    private static ApiError Mapped(Exception error, JsonProblems jsonProblems) =>
        ExceptionMapping.Map(error, jsonProblems, requestType: null)
        ?? throw new ArgumentException($"{error.GetType().Name} is not mapped to an error.", nameof(error));

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
