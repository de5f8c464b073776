using CtfService.Api.Contracts;
using CtfService.Api.Http;
using CtfService.Api.Idempotency;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace CtfService.Api.Description;

/// <summary>Headers that requests for images may carry; the endpoints read them from the request itself, where Swashbuckle does not look.</summary>
internal static class RequestHeaderDescription
{
    private const string Timeout = "Limits the time like `timeout_ms`: seconds, or milliseconds with the unit ms. Above 0.";

    private const string Key =
        "A text of your own, such as a random UUID. Sent again with the same body, the first answer comes again; with another body it is refused. Not with a stream.";

    private const string Known = "The ETag of an earlier answer to the same request with a seed: answered 304 while it is right.";

    public static void Describe(OpenApiOperation operation, IReadOnlyCollection<object> endpointMetadata)
    {
        if (endpointMetadata.OfType<IAcceptsMetadata>().Any(body => body.RequestType?.IsAssignableTo(typeof(ImageRequest)) == true))
        {
            Add(operation, CustomHeaders.RequestTimeout, Timeout, new OpenApiSchema { Type = JsonSchemaType.String, Pattern = @"^[0-9]+(\.[0-9]+)?(s|ms)?$" }); // no example here and below: Swagger UI would send it
        }

        if (endpointMetadata.OfType<IdempotentEndpoint>().Any())
        {
            Add(operation, CustomHeaders.IdempotencyKey, Key, new OpenApiSchema { Type = JsonSchemaType.String, Pattern = $"^[!-~]{{1,{IdempotencyKey.MaxLength}}}$" });
        }

        if (operation.Responses?.ContainsKey($"{StatusCodes.Status304NotModified}") == true)
        {
            Add(operation, HeaderNames.IfNoneMatch, Known, new OpenApiSchema { Type = JsonSchemaType.String });
        }
    }

    private static void Add(OpenApiOperation operation, string name, string description, OpenApiSchema schema) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter { Name = name, In = ParameterLocation.Header, Description = description, Schema = schema });
}
