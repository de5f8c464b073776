using System.Globalization;
using System.Text.Json.Nodes;
using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Negotiation;
using CtfService.Model.Imaging;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>Ranges and examples of the request, from the very limits the validator uses.</summary>
internal sealed class RequestSchemaFilter(LimitsOptions limits) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema concrete)
        {
            return;
        }

        if (context.Type == typeof(ClassReference))
        {
            DescribeClass(concrete);
        }
        else if (context.Type == typeof(GenerateImageRequest))
        {
            DescribeRequest(concrete);
        }
        else if (context.Type == typeof(FineSamplingRequest))
        {
            DescribeSampling(concrete);
            concrete.AdditionalPropertiesAllowed = false;
        }
    }

    private static void DescribeClass(OpenApiSchema schema)
    {
        schema.Type = null;
        schema.Properties = null;
        schema.Required = null;
        schema.AdditionalPropertiesAllowed = true;
        schema.Description = "A class name, or a class index.";
        schema.OneOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.String, Example = "apple" },
            new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0", Example = 0 },
        ];
    }

    private void DescribeRequest(OpenApiSchema schema)
    {
        schema.AdditionalPropertiesAllowed = false;
        schema.Example = new JsonObject { ["class_label"] = 0, ["n"] = 1, ["seed"] = 42 };
        Range(schema, "n", 1, limits.MaxImagesPerRequest, @default: 1);
        Range(schema, "output_compression", 0, 100, ImageCodec.DefaultQuality);
        DescribeSampling(schema);
        if (Property(schema, "seed") is { } seed)
        {
            seed.Type = JsonSchemaType.Integer;
            seed.Format = "uint64";
            seed.Minimum = "0";
            seed.Maximum = $"{ulong.MaxValue}";
        }

        Choice(schema, "output_format", ImageFormats.All.Select(ImageFormats.Name));
        Choice(schema, "response_format", ["b64_json"]);
    }

    private void DescribeSampling(OpenApiSchema schema)
    {
        Range(schema, "temperature", 0, limits.MaxTemperature);
        Range(schema, "guidance_scale", 1, limits.MaxGuidanceScale);
        Range(schema, "top_k", 0, int.MaxValue);
        if (Property(schema, "top_p") is { } topP)
        {
            topP.ExclusiveMinimum = "0";
            topP.Maximum = "1";
        }
    }

    private static void Range(OpenApiSchema schema, string name, double minimum, double maximum, int? @default = null)
    {
        if (Property(schema, name) is { } property)
        {
            property.Minimum = minimum.ToString(CultureInfo.InvariantCulture);
            property.Maximum = maximum.ToString(CultureInfo.InvariantCulture);
            property.Default = @default;
        }
    }

    private static void Choice(OpenApiSchema schema, string name, IEnumerable<string> values)
    {
        if (Property(schema, name) is { } property)
        {
            property.Enum = [.. values.Select(value => (JsonNode)value)];
            property.Default = property.Enum[0].DeepClone();
        }
    }

    private static OpenApiSchema? Property(OpenApiSchema schema, string name) =>
        schema.Properties?.TryGetValue(name, out var property) == true ? property as OpenApiSchema : null;
}
