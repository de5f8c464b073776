using System.Text.Json;
using CtfService.Api.Contracts;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>
/// Describes a stream. OpenAPI 3.0 cannot express server-sent events, so the body is text, the schema lists the data of the events as alternatives,
/// and an example shows a whole body.
/// </summary>
internal static class StreamDescription
{
    public static void Describe(OpenApiResponse response, OperationFilterContext context, JsonSerializerOptions json)
    {
        if (response.Content?.TryGetValue(MediaTypes.EventStream, out var content) != true)
        {
            return;
        }

        if (!response.Content.ContainsKey(MediaTypes.Json))
        {
            DescribeDataset(content!, context, json);
        }
        else
        {
            var names = $"/{context.ApiDescription.RelativePath}" == $"{ImageRoutes.Group}/{ImageRoutes.Edits}"
                ? ImageEventNames.Edit
                : ImageEventNames.Generation;
            content!.Schema = new OpenApiSchema
            {
                AnyOf =
                [
                    new OpenApiSchema { Type = JsonSchemaType.String }, // the body
                    context.SchemaGenerator.GenerateSchema(typeof(PartialImageEvent), context.SchemaRepository), // data of an event in it
                    context.SchemaGenerator.GenerateSchema(typeof(CompletedImageEvent), context.SchemaRepository),
                ],
                Description =
                    $"With stream: true. Events are `{names.Partial}` (data: PartialImageEvent) and "
                    + $"`{names.Completed}` (data: CompletedImageEvent). `error` (data: ErrorResponse) ends the stream; "
                    + "otherwise `data: [DONE]` follows the last image.",
            };
            content.Example = Event(names.Partial, Examples.Partial with { Type = names.Partial }, json)
                + Event(names.Completed, Examples.Completed with { Type = names.Completed }, json)
                + "data: [DONE]\n\n";
        }
    }

    private static void DescribeDataset(OpenApiMediaType content, OperationFilterContext context, JsonSerializerOptions json)
    {
        content.Schema = new OpenApiSchema
        {
            AnyOf =
            [
                new OpenApiSchema { Type = JsonSchemaType.String }, // the body
                context.SchemaGenerator.GenerateSchema(typeof(DatasetResponse), context.SchemaRepository), // data of an event in it
            ],
            Description =
                $"Events are `{DatasetUpdatedEvent.Name}` (data: DatasetResponse). Comments keep the connection open. `error` (data: ErrorResponse) ends the "
                + "stream; otherwise `data: [DONE]` follows the final state.",
        };
        content.Example = Event(DatasetUpdatedEvent.Name, Examples.Dataset, json) + "data: [DONE]\n\n";
    }

    private static string Event<T>(string name, T data, JsonSerializerOptions json) => $"event: {name}\ndata: {JsonSerializer.Serialize(data, json)}\n\n";
}
