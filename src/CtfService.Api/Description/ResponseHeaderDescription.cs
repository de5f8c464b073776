using CtfService.Api.Contracts;
using CtfService.Api.Security;
using Microsoft.OpenApi;

namespace CtfService.Api.Description;

/// <summary>Describes the headers of responses, and binary bodies.</summary>
internal static class ResponseHeaderDescription
{
    private static readonly OpenApiHeader RequestId = Header(
        "Id of the request in the service's log: the id that the request sent in this header, if it has 1 to 128 letters, digits and -._:/+=~@, or a new one.",
        JsonSchemaType.String);

    private static readonly OpenApiHeader RetryAfter = Header("Seconds to wait before a retry.", JsonSchemaType.Integer);

    private static readonly OpenApiHeader Challenge = Header("Bearer, with error=\"invalid_token\" if a key was sent.", JsonSchemaType.String);

    private static readonly OpenApiHeader Seed = Header("Seed of the request; only if the body is an image file.", JsonSchemaType.Integer, format: "int64");

    private static readonly OpenApiHeader ClassLabel = Header("Name of the class; only if the body is an image file.", JsonSchemaType.String);

    private static readonly OpenApiHeader Tag = Header(
        "Identifies the response to a request with a seed: strong for image files, weak for JSON.", JsonSchemaType.String);

    private static readonly OpenApiHeader Warnings = Header(
        "Names of the fields that had no effect or were interpreted; warnings in the JSON has the details.", JsonSchemaType.String);

    public static void Describe(OpenApiResponse response, int status)
    {
        var headers = response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        headers[CustomHeaders.RequestId] = RequestId;
        if (status == StatusCodes.Status401Unauthorized)
        {
            headers["WWW-Authenticate"] = Challenge;
        }

        if (status is StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            headers["Retry-After"] = RetryAfter;
        }

        if (status == StatusCodes.Status304NotModified || Images(response).Any())
        {
            headers["ETag"] = Tag;
        }

        if (Images(response).Any())
        {
            headers[CustomHeaders.Warnings] = Warnings;
        }

        foreach (var (_, content) in Images(response))
        {
            content.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
            headers[CustomHeaders.Seed] = Seed;
            headers[CustomHeaders.ClassLabel] = ClassLabel;
        }
    }

    /// <summary>
    /// Adds the headers of callers with limits. Every answer has them; the description says so where they matter most, because it would grow by half.
    /// </summary>
    public static void DescribeLimits(OpenApiResponse response, int status, OpenApiDocument document)
    {
        if (status is not ((>= StatusCodes.Status200OK and < StatusCodes.Status300MultipleChoices) or StatusCodes.Status429TooManyRequests))
        {
            return;
        }

        var headers = response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        foreach (var name in RateLimitHeaders.Names)
        {
            document.AddComponent(name, RateLimit(name));
            headers[name] = new OpenApiHeaderReference(name, document);
        }
    }

    private static OpenApiHeader RateLimit(string name)
    {
        var isOfImages = name.EndsWith("-images", StringComparison.Ordinal);
        var what = isOfImages ? "images per minute or day, whichever has fewer left" : "requests per minute";
        return name.Split('-')[2] switch
        {
            "limit" => Header($"Limit of {what}; only for callers with one.", JsonSchemaType.Integer),
            "remaining" => Header($"What is left of the {what}.", JsonSchemaType.Integer),
            _ => Header($"Time until the {(isOfImages ? "images" : "requests")} are counted anew, such as 120ms, 1s or 6m0s.", JsonSchemaType.String),
        };
    }

    private static IEnumerable<KeyValuePair<string, OpenApiMediaType>> Images(OpenApiResponse response) =>
        (response.Content ?? new Dictionary<string, OpenApiMediaType>()).Where(content => content.Key.StartsWith("image/", StringComparison.Ordinal));

    private static OpenApiHeader Header(string description, JsonSchemaType type, string? format = null) =>
        new() { Description = description, Schema = new OpenApiSchema { Type = type, Format = format } };
}
