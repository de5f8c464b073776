using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Malformed;
using CtfService.Jobs.Store;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Description;

/// <summary>
/// Compares the validators with every range and every list of values in the API description: the limits are accepted, and a value just outside gets an error
/// that names the field.
/// </summary>
public sealed class FieldRangeTests(TestApi api) : IClassFixture<TestApi>
{
    private static readonly ApiSurface Surface = new(CheckedInDocument.Read());

    public static TheoryData<string, string, string> Inside { get; } = Cases(InsideOf);

    public static TheoryData<string, string, string> Outside { get; } = Cases(OutsideOf);

    [Theory]
    [MemberData(nameof(Inside))]
    public async Task Post_FieldAtTheEndOfItsRange_IsAccepted(string path, string field, string value)
    {
        using var response = await Post(path, field, value);

        var accepted = (field, value) == ("priority", "\"high\"") ? HttpStatusCode.Forbidden : HttpStatusCode.OK; // a known priority, but not for this caller
        Assert.True(response.StatusCode == accepted, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [MemberData(nameof(Outside))]
    public async Task Post_FieldJustOutsideItsRange_IsRejectedByName(string path, string field, string value)
    {
        using var response = await Post(path, field, value);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(field, error.Param);
        Assert.Contains(error.Code, new[] { "out_of_range", "unsupported_value", "invalid_value", "wrong_type" }); // wrong_type: too large for it
    }

    private async Task<HttpResponseMessage> Post(string path, string field, string value)
    {
        api.Generator.DecodeTime = TimeSpan.Zero; // so that no time limit is too short
        var operation = Surface.JsonOperations.Single(operation => operation.Path == path);
        await AddInput(operation);
        var names = field.Split('.');
        var text = names.Skip(1).Reverse().Aggregate(value, (inner, name) => WrongJson.Text([(name, inner), .. Siblings(field)]));
        // Needs a stream.
        var fields = field == "partial_images" ? operation.Example.Append(KeyValuePair.Create("stream", "true")).ToDictionary() : operation.Example;
        var content = new StringContent(WrongJson.With(fields, (names[0], text)), Encoding.UTF8, "application/json");
        return await api.Client.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    /// <summary>The other field of an object whose fields are required together.</summary>
    private static (string, string)[] Siblings(string field) => field switch
    {
        "output_expires_after.seconds" => [("anchor", "\"created_at\"")],
        "output_expires_after.anchor" => [("seconds", "3600")],
        _ => [],
    };

    /// <summary>Adds the uploaded file that the example names, if it names one.</summary>
    private async Task AddInput(JsonOperation operation)
    {
        if (operation.Example.TryGetValue("input_file_id", out var id))
        {
            var file = new UploadedFile(id.Trim('"'), Tenant: "", "requests.jsonl", Bytes: 1, "batch", "uploads/example", CreatedAt: default, ExpiresAt: null);
            await api.Services.GetRequiredService<IUploadCatalog>().AddAsync(file, CancellationToken.None);
        }
    }

    private static TheoryData<string, string, string> Cases(Func<JsonObject, IEnumerable<string>> values)
    {
        var cases = new TheoryData<string, string, string>();
        foreach (var operation in Surface.JsonOperations)
        {
            foreach (var (field, schema) in Fields(operation.Schema, prefix: ""))
            {
                foreach (var value in values(schema))
                {
                    cases.Add(operation.Path, field, value);
                }
            }
        }

        return cases;
    }

    private static IEnumerable<(string Field, JsonObject Schema)> Fields(JsonObject schema, string prefix) =>
        from property in schema["properties"]!.AsObject()
        let resolved = Surface.Resolve(property.Value!)
        let name = $"{prefix}{property.Key}"
        from field in resolved["properties"] is null ? [(name, resolved)] : Fields(resolved, $"{name}.")
        select field;

    private static IEnumerable<string> InsideOf(JsonObject schema)
    {
        if (schema.Number("minimum") is { } minimum)
        {
            yield return (IsExclusive(schema) ? minimum + 0.0001m : minimum).Write();
        }

        if (schema.Number("maximum") is { } maximum)
        {
            yield return maximum.Write();
        }

        foreach (var value in schema["enum"]?.AsArray() ?? [])
        {
            yield return value!.ToJsonString();
        }
    }

    private static IEnumerable<string> OutsideOf(JsonObject schema)
    {
        var step = (string?)schema["type"] == "integer" ? 1 : 0.01m;
        if (schema.Number("minimum") is { } minimum)
        {
            yield return (IsExclusive(schema) ? minimum : minimum - step).Write();
        }

        if (schema.Number("maximum") is { } maximum)
        {
            yield return (maximum + step).Write();
        }

        if (schema["enum"] is not null)
        {
            yield return "\"\"";
            yield return "\"of no such kind\"";
        }
    }

    private static bool IsExclusive(JsonObject schema) => (bool?)schema["exclusiveMinimum"] == true;
}
