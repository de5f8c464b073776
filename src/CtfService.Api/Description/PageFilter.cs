using System.Text.Json.Nodes;
using CtfService.Api.Contracts;
using CtfService.Api.Security;
using CtfService.Inference.Status;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>
/// Adapts the document for Swagger UI: an image comes first among the media types of a response, the classes of the loaded model are examples,
/// only endpoints that require a key have a lock, and the fields of a form start empty.
/// </summary>
internal sealed class PageFilter(ApiKeyRing keys, IModelStatus status) : IDocumentFilter
{
    public const string Document = "page";

    private const string JsonInUtf8 = $"{MediaTypes.Json}; charset=utf-8";

    /// <summary>Longer lists are hard to browse; <c>GET /v1/classes?q=</c> searches.</summary>
    private const int MostChoices = 50;

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        if (context.DocumentName != Document)
        {
            return;
        }

        foreach (var operation in swaggerDoc.Paths.Values.SelectMany(path => path.Operations?.Values.AsEnumerable() ?? []))
        {
            PutImagesFirst(operation);
            OfferClasses(operation);
            if (keys.IsEmpty && operation.Security?.Any(way => way.Count == 0) == true)
            {
                operation.Security = [];
            }
        }

        foreach (var form in new[] { nameof(EditImageRequest), nameof(VaryImageRequest), nameof(UploadFileRequest) })
        {
            if (swaggerDoc.Components!.Schemas!.TryGetValue(form, out var schema))
            {
                LeaveBlank(schema);
            }
        }
    }

    /// <summary>
    /// Puts images first, and adds the charset to JSON. Swagger UI requests <c>application/json</c> whenever the document has exactly that type, and the first
    /// media type otherwise. Client generators need the opposite.
    /// </summary>
    private static void PutImagesFirst(OpenApiOperation operation)
    {
        if (operation.Responses?.GetValueOrDefault("200") is OpenApiResponse { Content: { } types } response && types.Keys.Any(IsImage))
        {
            response.Content = types.OrderByDescending(type => IsImage(type.Key))
                .ToDictionary(type => type.Key == MediaTypes.Json ? JsonInUtf8 : type.Key, type => type.Value);
        }
    }

    private static bool IsImage(string mediaType) => mediaType.StartsWith("image/", StringComparison.Ordinal);

    private void OfferClasses(OpenApiOperation operation)
    {
        if (operation.OperationId != "GenerateImages"
            || status.Current is not ModelStatus.Ready ready
            || operation.RequestBody?.Content?[MediaTypes.Json] is not { } body)
        {
            return;
        }

        body.Example = null;
        body.Examples = ready.Model.Classes.Labels.Take(MostChoices).ToDictionary(
            label => label.Name,
            IOpenApiExample (label) => new OpenApiExample
            {
                Value = new JsonObject { ["class_label"] = label.Name, ["n"] = 1, ["seed"] = (long)Examples.Seed },
            });
    }

    /// <summary>
    /// Gives optional form fields an empty example. Swagger UI fills in and sends every field with its example, its default or an invented value;
    /// the service treats an empty field as absent.
    /// </summary>
    private static void LeaveBlank(IOpenApiSchema form)
    {
        foreach (var (name, field) in form.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (field is OpenApiSchema { Format: not "binary" } optional && form.Required?.Contains(name) != true)
            {
                optional.Example = optional.Type?.HasFlag(JsonSchemaType.Array) == true ? new JsonArray() : "";
            }
        }
    }
}
