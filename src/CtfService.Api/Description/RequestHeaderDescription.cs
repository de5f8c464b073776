using CtfService.Api.Contracts;
using CtfService.Api.Idempotency;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace CtfService.Api.Description;

/// <summary>Describes the headers of image requests. Swashbuckle does not find them, because the endpoints read them from the request.</summary>
internal static class RequestHeaderDescription
{
    private const string Timeout = "Limits the time like `timeout_ms`: seconds, or milliseconds with the unit ms. Above 0.";

    private const string Key =
        "A unique text, such as a random UUID. Repeating a request with the same key and body replays the first response; "
        + "a different body is rejected (422). Cannot be combined with a stream.";

    private const string KnownETag = "The ETag of an earlier response to the same request with a seed. The response is 304 if the images would be the same.";

    public static void Describe(OpenApiOperation operation, IReadOnlyCollection<object> endpointMetadata)
    {
        if (endpointMetadata.OfType<IAcceptsMetadata>().Any(body => body.RequestType?.IsAssignableTo(typeof(ImageRequest)) == true))
        {
            // No header has an example: Swagger UI would send it.
            Add(operation, CustomHeaders.RequestTimeout, Timeout, Text(@"^[0-9]+(\.[0-9]+)?(s|ms)?$"));
        }

        if (endpointMetadata.OfType<IdempotentEndpoint>().Any())
        {
            Add(operation, CustomHeaders.IdempotencyKey, Key, Text($"^[!-~]{{1,{IdempotencyKey.MaxLength}}}$"));
        }

        if (operation.Responses?.ContainsKey($"{StatusCodes.Status304NotModified}") == true)
        {
            Add(operation, HeaderNames.IfNoneMatch, KnownETag, Text());
        }
    }

    private static OpenApiSchema Text(string? pattern = null) => new() { Type = JsonSchemaType.String, Pattern = pattern };

    private static void Add(OpenApiOperation operation, string name, string description, OpenApiSchema schema) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter { Name = name, In = ParameterLocation.Header, Description = description, Schema = schema });
}
