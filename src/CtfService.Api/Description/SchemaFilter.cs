using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>What Swashbuckle does not read from our records: limits that settings hold, allowed values, what is always there, examples.</summary>
internal sealed class SchemaFilter(LimitsOptions limits, IOptions<JsonOptions> json) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema concrete)
        {
            return;
        }

        if (context.MemberInfo is { } member)
        {
            DescribeRange(concrete, member);
            DescribeValues(concrete, member);
        }

        if ((Nullable.GetUnderlyingType(context.Type) ?? context.Type) == typeof(ulong))
        {
            DescribeSeed(concrete);
        }
        else if (context.Type == typeof(ClassReference))
        {
            DescribeClass(concrete);
        }
        else if (context.MemberInfo is null && context.Type.Namespace == typeof(ErrorResponse).Namespace)
        {
            DescribeRecord(concrete, context.Type);
        }
    }

    private void DescribeRange(OpenApiSchema schema, MemberInfo member)
    {
        if (member.GetCustomAttribute<UpToSettingAttribute>() is { } range)
        {
            schema.Minimum = range.Minimum.ToString(CultureInfo.InvariantCulture);
            schema.Maximum = Convert.ToString(typeof(LimitsOptions).GetProperty(range.Setting)!.GetValue(limits), CultureInfo.InvariantCulture);
        }
    }

    private static void DescribeValues(OpenApiSchema schema, MemberInfo member)
    {
        if (member.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
        {
            var one = schema.Items as OpenApiSchema ?? schema; // of a list, each
            one.Enum = [.. allowed.Values.Select(value => JsonValue.Create((string)value!))];
        }
    }

    private static void DescribeSeed(OpenApiSchema schema)
    {
        schema.Type = JsonSchemaType.Integer;
        schema.Format = "uint64";
        schema.Minimum = "0";
        schema.Maximum = $"{ulong.MaxValue}";
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
            new OpenApiSchema { Type = JsonSchemaType.String, Example = "banana" },
            new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0", Example = 0 },
        ];
    }

    /// <summary>A request takes no field we do not know. An answer always has every field that is not left out when null, and may get new ones.</summary>
    private void DescribeRecord(OpenApiSchema schema, Type type)
    {
        var isRequest = type.Name.EndsWith("Request", StringComparison.Ordinal);
        schema.AdditionalPropertiesAllowed = !isRequest;
        if (!isRequest)
        {
            schema.Required = json.Value.SerializerOptions.GetTypeInfo(type).Properties
                .Where(property => property.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: false) != true)
                .Select(property => property.Name)
                .ToHashSet();
        }

        if (type.GetProperties().Any(property => property.PropertyType == typeof(IFormFile)))
        {
            LeaveBlank(schema);
        }

        if (Examples.Of(type) is { } example)
        {
            schema.Example = example as JsonNode ?? JsonSerializer.SerializeToNode(example, type, json.Value.SerializerOptions);
        }
    }

    /// <summary>Fields of a form that may stay away. Swagger UI fills in each with its example, its default or a value that it makes up, and sends it; what is blank is absent.</summary>
    private static void LeaveBlank(OpenApiSchema form)
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
