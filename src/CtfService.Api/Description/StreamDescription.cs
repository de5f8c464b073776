using System.Text.Json;
using CtfService.Api.Contracts;
using CtfService.Api.Http;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>
/// OpenAPI 3.0 has no words for server-sent events: the body is text, the data of its events are other choices of its schema, and an example shows how they
/// stand in it.
/// </summary>
internal static class StreamDescription
{
    public static void Describe(OpenApiResponse response, OperationFilterContext context, JsonSerializerOptions json)
    {
        if (response.Content?.TryGetValue(MediaTypes.EventStream, out var content) == true)
        {
            content!.Schema = new OpenApiSchema
            {
                AnyOf =
                [
                    new OpenApiSchema { Type = JsonSchemaType.String }, // the body
                    context.SchemaGenerator.GenerateSchema(typeof(PartialImageEvent), context.SchemaRepository), // data of an event in it
                    context.SchemaGenerator.GenerateSchema(typeof(CompletedImageEvent), context.SchemaRepository),
                ],
                Description =
                    $"With stream: true. Events `{PartialImageEvent.Name}` (data: PartialImageEvent) and `{CompletedImageEvent.Name}` (data: CompletedImageEvent), "
                    + "or `error` (data: ErrorResponse) and the end; after the last image `data: [DONE]`.",
            };
            content.Example = $"{Event(PartialImageEvent.Name, Examples.Partial, json)}{Event(CompletedImageEvent.Name, Examples.Completed, json)}data: [DONE]\n\n";
        }
    }

    private static string Event<T>(string name, T data, JsonSerializerOptions json) => $"event: {name}\ndata: {JsonSerializer.Serialize(data, json)}\n\n";
}
