using System.Globalization;
using System.Text.Json;
using CtfService.Api.Errors;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>What Swashbuckle cannot see: image bodies are bytes, answers have headers, errors have examples.</summary>
internal sealed class ResponseFilter(IOptions<JsonOptions> json) : IOperationFilter
{
    private static readonly Dictionary<int, ApiError> Examples = new()
    {
        [400] = new ApiError(400, "guidance_scale is 40; expected 1 to 20 (the upper end is set in Limits:MaxGuidanceScale).", "out_of_range", "guidance_scale"),
        [404] = new ApiError(404, "Model 'gpt-image-1' is not loaded; this service runs 'fruits-64'.", "model_not_found", "id"),
        [406] = new ApiError(406, "The Accept header takes none of application/json, image/png, image/jpeg, image/webp. Name one of them or leave the header out.", "not_acceptable"),
        [413] = StatusErrors.Describe(413),
        [415] = StatusErrors.Describe(415),
        [429] = new ApiError(429, "The queue has room for 2 more images of 64 (Inference:MaxQueuedImages); 4 were asked for. Try again in 3 s.", "queue_full"),
        [500] = new ApiError(500, "The batch that held this image failed. The log of the service has the details.", "generation_failed"),
        [503] = new ApiError(503, "The model is still loading. Try again in a moment.", "model_not_ready"),
        [504] = new ApiError(504, "The request was not finished within 120 s, the limit in Inference:RequestTimeout. Ask for fewer images or try again when the service is less busy.", "deadline_exceeded"),
    };

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            if (answer is OpenApiResponse response)
            {
                DescribeImages(response);
                DescribeError(response, int.Parse(status, CultureInfo.InvariantCulture), context);
            }
        }
    }

    private static void DescribeImages(OpenApiResponse response)
    {
        foreach (var (mediaType, content) in response.Content ?? new Dictionary<string, OpenApiMediaType>())
        {
            if (mediaType.StartsWith("image/", StringComparison.Ordinal))
            {
                content.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
                response.Headers = new Dictionary<string, IOpenApiHeader>
                {
                    ["X-Seed"] = Header("Seed of the request; image answers only.", JsonSchemaType.Integer),
                    ["X-Class-Label"] = Header("Name of the class; image answers only.", JsonSchemaType.String),
                };
            }
        }
    }

    private void DescribeError(OpenApiResponse response, int status, OperationFilterContext context)
    {
        if (context.ApiDescription.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) != true)
        {
            return; // health probes answer 503 in their own shape
        }

        if (status is 429 or 503)
        {
            response.Headers = new Dictionary<string, IOpenApiHeader> { ["Retry-After"] = Header("Seconds until another try makes sense.", JsonSchemaType.Integer) };
        }

        if (Examples.TryGetValue(status, out var example) && response.Content?.TryGetValue("application/json", out var content) == true)
        {
            content.Example = JsonSerializer.SerializeToNode(example.ToResponse(), json.Value.SerializerOptions);
        }
    }

    private static OpenApiHeader Header(string description, JsonSchemaType type) => new() { Description = description, Schema = new OpenApiSchema { Type = type } };
}
