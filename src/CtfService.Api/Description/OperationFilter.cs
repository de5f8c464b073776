using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>Adds what Swashbuckle does not find: keys, rate limits, examples of errors, binary bodies, and response headers.</summary>
internal sealed class OperationFilter(IOptions<JsonOptions> json, ApiKeyRing keys, ErrorExamples examples) : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var responses = operation.Responses ??= [];
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var isForOperators = metadata.OfType<IAuthorizeData>().Any(rule => rule.Policy == Policies.Admin);
        RequestHeaderDescription.Describe(operation, [.. metadata]);
        var path = new PathString($"/{context.ApiDescription.RelativePath}");
        if (ApiPaths.Contains(path)) // elsewhere, the 503 of a probe has its own shape
        {
            foreach (var (status, response) in responses)
            {
                AddExamples(response, examples.Of(int.Parse(status, CultureInfo.InvariantCulture), path));
            }
        }

        if (metadata.OfType<UploadEndpoint>().Any())
        {
            AddExamples(responses["429"], ErrorExamples.OfUploads);
        }

        foreach (var name in (operation.Parameters ?? []).OfType<OpenApiParameter>().Where(parameter => parameter.In == ParameterLocation.Path))
        {
            name.Example = Examples.OfPathParameter(name.Name!, path);
        }

        SetExamples(operation, context);
        operation.Security = []; // health probes
        if (metadata.OfType<IAuthorizeData>().Any())
        {
            operation.Security = SecuritySchemes.Requirements(context.Document, isOptional: keys.AllowAnonymous && !isForOperators);
            foreach (var errors in ErrorExamples.OfSecurity.GroupBy(error => error.Status))
            {
                AddExamples(Response(responses, errors.Key, context), errors);
            }
        }

        operation.Responses = InOrder(responses);
        var isLimited = metadata.OfType<RateLimitedEndpoint>().Any();
        foreach (var (status, response) in responses)
        {
            StreamDescription.Describe((OpenApiResponse)response, context, json.Value.SerializerOptions);
            ResponseHeaderDescription.Describe((OpenApiResponse)response, int.Parse(status, CultureInfo.InvariantCulture));
            if (isLimited)
            {
                ResponseHeaderDescription.DescribeLimits((OpenApiResponse)response, int.Parse(status, CultureInfo.InvariantCulture), context.Document);
            }
        }

        DownloadDescription.Describe(operation, [.. metadata]);
    }

    /// <summary>Repeats the examples of the schemas, because some tools read those of bodies only.</summary>
    private void SetExamples(OpenApiOperation operation, OperationFilterContext context)
    {
        var asked = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<IAcceptsMetadata>().FirstOrDefault()?.RequestType;
        SetExample(operation.RequestBody?.Content, asked);
        foreach (var success in context.ApiDescription.SupportedResponseTypes.Where(type => type.StatusCode < StatusCodes.Status400BadRequest))
        {
            SetExample(operation.Responses?.GetValueOrDefault($"{success.StatusCode}")?.Content, success.Type);
        }
    }

    private void SetExample(IDictionary<string, OpenApiMediaType>? bodies, Type? type)
    {
        if (type is not null && bodies?.TryGetValue(MediaTypes.Json, out var body) == true && Examples.Of(type) is { } example)
        {
            body.Example = example as JsonNode ?? JsonSerializer.SerializeToNode(example, type, json.Value.SerializerOptions);
        }
    }

    private static OpenApiResponses InOrder(OpenApiResponses responses)
    {
        var ordered = new OpenApiResponses();
        foreach (var (status, response) in responses.OrderBy(response => response.Key, StringComparer.Ordinal))
        {
            ordered.Add(status, response);
        }

        return ordered;
    }

    /// <summary>Returns the response of a status; adds an error response if there is none.</summary>
    private static IOpenApiResponse Response(OpenApiResponses responses, int status, OperationFilterContext context)
    {
        var key = status.ToString(CultureInfo.InvariantCulture);
        if (!responses.TryGetValue(key, out var response))
        {
            responses[key] = response = new OpenApiResponse
            {
                Description = ReasonPhrases.GetReasonPhrase(status),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [MediaTypes.Json] = new() { Schema = context.SchemaGenerator.GenerateSchema(typeof(ErrorResponse), context.SchemaRepository) },
                },
            };
        }

        return response;
    }

    private void AddExamples(IOpenApiResponse response, IEnumerable<ApiError> errors)
    {
        if (response.Content?.TryGetValue(MediaTypes.Json, out var content) != true)
        {
            return;
        }

        foreach (var error in errors)
        {
            content!.Examples ??= new Dictionary<string, IOpenApiExample>();
            content.Examples[error.Code!] = new OpenApiExample { Value = JsonSerializer.SerializeToNode(error.ToResponse(), json.Value.SerializerOptions) };
        }
    }
}
