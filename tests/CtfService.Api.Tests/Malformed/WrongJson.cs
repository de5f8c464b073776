using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Creates JSON that violates a schema at any depth: a wrong type, a value out of range or not allowed, an unknown field.</summary>
internal sealed class WrongJson(ApiSurface surface, Random random)
{
    private static readonly (string Type, string Text)[] OfEveryType =
    [
        ("string", "\"x\""), ("boolean", "true"), ("integer", "7"), ("number", "1.5"),
        ("array", "[]"), ("array", "[1]"), ("object", "{}"), ("object", "{\"a\":1}"),
    ];

    /// <summary>A value that the schema forbids.</summary>
    public string Value(JsonNode schema)
    {
        var resolved = surface.Resolve(schema);
        List<Func<string>> ways = [() => OtherType(resolved), .. Ranges(resolved), .. Choices(resolved), .. Parts(resolved)];
        return random.Pick(ways)();
    }

    /// <summary>The example with one field that the schema forbids.</summary>
    public string Body(JsonOperation operation) => random.Pick<Func<string>>(
    [
        () => With(operation.Example, UnknownField(operation.Schema)),
        () => With(operation.Example, WrongField(operation.Schema)),
        () => With(operation.Example, WrongField(operation.Schema)),
        () => With(operation.Example, WrongField(operation.Schema)),
    ])();

    public static string With(IReadOnlyDictionary<string, string> fields, (string Name, string Text) changed) =>
        Text(fields.Where(field => field.Key != changed.Name).Select(field => (field.Key, field.Value)).Append(changed));

    public static string Text(IEnumerable<(string Name, string Text)> fields) =>
        $"{{{string.Join(',', fields.Select(field => $"\"{field.Name}\":{field.Text}"))}}}";

    private string OtherType(JsonObject schema)
    {
        IEnumerable<JsonNode?> choices = schema["oneOf"] is JsonArray several ? several : new JsonNode?[] { schema };
        var allowed = choices.Select(choice => (string?)surface.Resolve(choice!)["type"]).ToHashSet();
        allowed.UnionWith(allowed.Contains("number") ? ["integer"] : Array.Empty<string>());
        return random.Pick(OfEveryType.Where(value => !allowed.Contains(value.Type)).ToList()).Text;
    }

    private IEnumerable<Func<string>> Ranges(JsonObject schema)
    {
        if (schema.Number("minimum") is { } minimum)
        {
            yield return () => (minimum - (1 + random.Next(1_000))).Write();
            yield return () => (bool?)schema["exclusiveMinimum"] == true ? minimum.Write() : (minimum - 0.001m).Write();
            yield return () => "-1e999";
        }

        if (schema.Number("maximum") is { } maximum)
        {
            yield return () => (maximum + 1 + random.Next(1_000)).Write();
            yield return () => (Math.Floor(maximum) + 0.001m).Write();
            yield return () => random.Pick(["1e999", new string('9', 400), "1e30", "18446744073709551616"]);
        }
    }

    private IEnumerable<Func<string>> Choices(JsonObject schema)
    {
        if (schema["enum"] is not null)
        {
            yield return () => random.Pick(["\"\"", "\"PNG \"", "\"nonsense\"", $"\"{random.Next()}\""]);
        }

        if ((string?)schema["type"] == "string")
        {
            yield return () => random.Pick(["\"\\ud800\"", "\"\\udc00x\"", "\"\\x\"", "\"tab\there\""]);
        }
    }

    private IEnumerable<Func<string>> Parts(JsonObject schema)
    {
        if (schema["items"] is { } items)
        {
            yield return () => $"[{Value(items)}]";
        }

        if (schema["properties"] is not null)
        {
            yield return () => Text([WrongField(schema)]);
            yield return () => Text([UnknownField(schema)]);
        }
    }

    private (string Name, string Text) WrongField(JsonObject schema)
    {
        var (name, property) = random.Pick(schema["properties"]!.AsObject().ToList());
        return (name, Value(property!));
    }

    /// <summary>The names differ in case only, contain odd characters, or are unknown.</summary>
    private (string Name, string Text) UnknownField(JsonObject schema)
    {
        var known = random.Pick(schema["properties"]!.AsObject().Select(property => property.Key).ToList());
        var name = random.Pick(
            [
                known.ToUpperInvariant(), $"{known} ", $"{known}\\u0000", "", "$ref", "__proto__",
                "\\ud83d\\ude00", "\\ud800", "a.b['c']", $"field{random.Next()}",
            ]);
        return (name, random.Pick(OfEveryType).Text);
    }
}
