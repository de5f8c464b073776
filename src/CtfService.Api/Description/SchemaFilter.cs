using System.ComponentModel;
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

/// <summary>Adds what Swashbuckle does not read from the contracts: configured limits, allowed values, required fields, and examples.</summary>
internal sealed class SchemaFilter(LimitsOptions limits, IOptions<JsonOptions> json) : ISchemaFilter
{
    /// <summary>
    /// Records that are nullable wherever they are used. OpenAPI 3.0 allows nothing next to a reference, so the schema itself must be nullable.
    /// </summary>
    private static readonly HashSet<Type> OnlyNullable =
    [
        typeof(SamplingRequest), typeof(LastSwitchEntry), typeof(ReplacedModelEntry), typeof(StageDefaults), typeof(BatchErrorList), typeof(BatchUsage),
        typeof(OutputExpiryRequest), typeof(ExpiresAfterRequest),
    ];

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
            DescribeDefault(concrete, member);
        }
        else if (context.ParameterInfo is { } parameter)
        {
            DescribeValues(concrete, parameter);
        }

        if ((Nullable.GetUnderlyingType(context.Type) ?? context.Type) == typeof(ulong))
        {
            DescribeSeed(concrete, isNullable: context.Type != typeof(ulong) && context.ParameterInfo is null);
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

    private static void DescribeValues(OpenApiSchema schema, ICustomAttributeProvider member)
    {
        if (member.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: false) is [AllowedValuesAttribute allowed])
        {
            var one = schema.Items as OpenApiSchema ?? schema; // for a list, each item
            one.Enum = [.. allowed.Values.Select(value => JsonValue.Create((string)value!))];
        }
    }

    /// <summary>Adds the default to the description only: a TypeScript generator makes a field with a default required, even in a request.</summary>
    private static void DescribeDefault(OpenApiSchema schema, MemberInfo member)
    {
        if (member.GetCustomAttribute<DefaultValueAttribute>() is { Value: { } value })
        {
            schema.Default = null;
            schema.Description = $"{schema.Description} Default: {JsonSerializer.Serialize(value).Trim('"')}.".TrimStart();
        }
    }

    /// <summary>
    /// Describes seeds as int64. Client generators do not support uint64: they use 32 bits, or a number that cannot be absent. Random seeds have 53 bits;
    /// larger ones are sent as text.
    /// </summary>
    private static void DescribeSeed(OpenApiSchema schema, bool isNullable)
    {
        schema.Type = isNullable ? JsonSchemaType.Integer | JsonSchemaType.Null : JsonSchemaType.Integer;
        schema.Format = "int64";
        schema.Minimum = "0";
    }

    /// <summary>A request allows no unknown field. A response has every field that is not omitted when null, and can get new ones later.</summary>
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

        if (OnlyNullable.Contains(type))
        {
            schema.Type |= JsonSchemaType.Null;
        }

        if (Examples.Of(type) is { } example)
        {
            schema.Example = example as JsonNode ?? JsonSerializer.SerializeToNode(example, type, json.Value.SerializerOptions);
        }
    }
}
