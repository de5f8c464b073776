using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>Adds the parts of the document that describe the whole service.</summary>
internal sealed class DocumentFilter : IDocumentFilter
{
    private static readonly Dictionary<string, string> Tags = new()
    {
        ["Images"] = "Draw images of a class, a part of a picture, or new details in a layout or a picture.",
        ["Data sets"] = "Make labelled images in files, as jobs that survive restarts. A data set belongs to the key that made it.",
        ["Batches"] = "OpenAI's Batch API: many image requests in one file, processed while no other request waits.",
        ["Files"] = "Upload the requests of batches, and download results. Files belong to the key that made them.",
        ["Classes"] = "The classes that the loaded model can draw.",
        ["Models"] = "The loaded model: its name, sizes and sampling defaults.",
        ["Operators"] = "Switch to another model. Requires an admin key.",
        ["Health"] = "Probes for orchestrators. No key is required.",
    };

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        swaggerDoc.Servers = [new OpenApiServer { Url = "/", Description = "The service that sent this document." }];
        swaggerDoc.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Key, Description = tag.Value }).ToHashSet();
    }
}
