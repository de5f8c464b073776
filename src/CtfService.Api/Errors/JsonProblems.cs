using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Errors;

/// <summary>
/// Describes what is wrong with a JSON body in the caller's terms. The serializer's own messages name .NET types and often omit the field.
/// </summary>
internal sealed partial class JsonProblems(IOptions<JsonOptions> json)
{
    /// <param name="requestType">The type that the endpoint reads.</param>
    public ApiError Describe(JsonException problem, Type requestType)
    {
        if (problem.InnerException is JsonException syntax)
        {
            return Problem($"The body is not valid JSON: line {(syntax.LineNumber ?? 0) + 1}, byte {(syntax.BytePositionInLine ?? 0) + 1}.", "malformed_json");
        }

        var field = Field(problem.Path);
        if (field.Length == 0)
        {
            return Problem("The body must be a JSON object.", "wrong_type");
        }

        if (problem.Message.StartsWith("Duplicate property", StringComparison.Ordinal))
        {
            return Problem($"The body contains {field} twice. Send each field once.", "duplicate_field", field);
        }

        // Utf8Body has checked the bytes, so only an escape can be wrong.
        if (problem.InnerException is InvalidOperationException text && text.Message.Contains("UTF-16", StringComparison.Ordinal))
        {
            return Problem($"{field} contains an unpaired surrogate (\\ud800 to \\udfff). Send complete characters.", "invalid_character", field);
        }

        return Find(field, requestType, out var siblings) is { } type
            ? Problem($"{field} must be {FieldTypes.Expected(type)}.", "wrong_type", field)
            : Problem(UnknownFields.Describe(field, siblings), "unknown_field", field);
    }

    private static ApiError Problem(string message, string code, string? param = null) => new(StatusCodes.Status400BadRequest, message, code, param);

    /// <summary>Turns "$.fine.top_k", "$['fine']['top k']" and "$.layout[3]" into "fine.top_k", "fine.top k" and "layout".</summary>
    private static string Field(string? path) =>
        ListIndex().Replace(path ?? "", "")
            .Replace("['", ".", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal)
            .TrimStart('$').TrimStart('.');

    /// <summary>
    /// Returns the type that the path leads to through the request's types. Returns null if a name is unknown; <paramref name="siblings"/> then lists the
    /// known ones.
    /// </summary>
    private Type? Find(string field, Type requestType, out IReadOnlyList<string> siblings)
    {
        var type = requestType;
        siblings = [];
        foreach (var name in field.Split('.'))
        {
            var info = json.Value.SerializerOptions.GetTypeInfo(type);
            if (info.Kind == JsonTypeInfoKind.Dictionary)
            {
                return info.ElementType; // the rest of the path is a key, which may contain dots
            }

            siblings = [.. info.Properties.Select(property => property.Name)];
            if (info.Properties.FirstOrDefault(property => property.Name == name) is not { } found)
            {
                return null;
            }

            type = Nullable.GetUnderlyingType(found.PropertyType) ?? found.PropertyType;
        }

        return type;
    }

    [GeneratedRegex(@"\[\d+\]$")]
    private static partial Regex ListIndex();
}
