using System.Text.Json.Nodes;
using CtfService.Api.Contracts;
using CtfService.Api.Http;
using CtfService.Api.Security;
using CtfService.Inference.Status;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>
/// Turns the document for generators into the one that Swagger UI shows: the image comes first among the forms of an answer, the classes of the loaded model
/// are choices, locks are only where a key is needed, and a form starts blank.
/// </summary>
internal sealed class PageFilter(ApiKeyRing keys, IModelStatus status) : IDocumentFilter
{
    public const string Document = "page";

    private const string JsonInUtf8 = $"{MediaTypes.Json}; charset=utf-8";

    /// <summary>A longer list is no help to look through; <c>GET /v1/classes?q=</c> searches.</summary>
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

        LeaveBlank(swaggerDoc.Components!.Schemas![nameof(VaryImageRequest)]);
    }

    /// <summary>
    /// Swagger UI asks for <c>application/json</c> wherever a document names it, and else for the form that comes first. So the image comes first, and JSON
    /// is named with the charset that it is sent with. Generators need it the other way round.
    /// </summary>
    private static void PutImagesFirst(OpenApiOperation operation)
    {
        if (operation.Responses?.GetValueOrDefault("200") is OpenApiResponse { Content: { } forms } answer && forms.Keys.Any(IsImage))
        {
            answer.Content = forms.OrderByDescending(form => IsImage(form.Key))
                .ToDictionary(form => form.Key == MediaTypes.Json ? JsonInUtf8 : form.Key, form => form.Value);
        }
    }

    private static bool IsImage(string mediaType) => mediaType.StartsWith("image/", StringComparison.Ordinal);

    private void OfferClasses(OpenApiOperation operation)
    {
        if (operation.OperationId != "GenerateImages" || status.Current is not ModelStatus.Ready ready || operation.RequestBody?.Content?[MediaTypes.Json] is not { } body)
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
    /// Fields of a form that may stay away. Swagger UI fills in each with its example, its default or a value that it makes up, and sends it; what is blank
    /// is absent.
    /// </summary>
    private static void LeaveBlank(IOpenApiSchema form)
    {
        foreach (var (name, field) in form.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (field is OpenApiSchema optional && form.Required?.Contains(name) != true)
            {
                optional.Example = optional.Type?.HasFlag(JsonSchemaType.Array) == true ? new JsonArray() : "";
            }
        }
    }
}
