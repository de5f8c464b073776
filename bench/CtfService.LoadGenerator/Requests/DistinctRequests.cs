using System.Text.Json;
using System.Text.Json.Nodes;

namespace CtfService.LoadGenerator.Requests;

/// <summary>Makes the distinct requests of a catalogue: each kind with other classes, seeds, formats, numbers and sampling settings in turn.</summary>
internal sealed class DistinctRequests(Ingredients from, ulong seed)
{
    private const string Generations = "/v1/images/generations";

    private static readonly string[] Formats = ["png", "jpeg", "webp"];

    private static readonly TimeSpan[] Deadlines = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10)];

    private static readonly (string Name, int Status, string Body)[] BadBodies =
    [
        ("unknown class", 400, """{"class_label":"no such class"}"""),
        ("text as a number", 400, """{"class_label":0,"n":"two"}"""),
        ("broken JSON", 400, """{"class_label":"""),
        ("too many images", 400, """{"class_label":0,"n":100000}"""),
        ("unknown field", 400, """{"class_label":0,"no_such_field":1}"""),
        ("negative temperature", 400, """{"class_label":0,"temperature":-1}"""),
    ];

    public static IReadOnlyList<LoadRequest> Lists { get; } =
        [.. new[] { "/v1/models", "/v1/classes", "/v1/status" }.Select(path => new LoadRequest(RequestKind.List, path, HttpMethod.Get, path, AnswerForm.List))];

    public static IReadOnlyList<LoadRequest> Bad { get; } =
    [
        .. BadBodies.Select(bad => Invalid(bad.Name, Generations, bad.Status, bad.Body)),
        Invalid("JSON instead of a form", "/v1/images/variations", 415, "{}"),
    ];

    /// <summary>Returns a request with images.</summary>
    /// <param name="number">Number within its kind, from 0.</param>
    public LoadRequest Create(RequestKind kind, int number) => kind switch
    {
        RequestKind.Json => Json(number),
        RequestKind.File => Drawn(kind, number, AnswerForm.File, images: 1, Sampled(number)) with { Accept = $"image/{Formats[number % Formats.Length]}" },
        RequestKind.Stream => Streamed(number),
        RequestKind.Redetail => Redetailed(number),
        RequestKind.Variation => Uploaded(kind, number, "/v1/images/variations", new MultipartBody().Png("image", from.Picture)),
        RequestKind.Edit => Uploaded(kind, number, "/v1/images/edits", new MultipartBody().Png("image", from.Picture).Png("mask", from.Mask)),
        RequestKind.Deadline => Drawn(kind, number, AnswerForm.Json, images: 1, Sampled(number)) with { Deadline = Deadlines[number % Deadlines.Length] },
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This kind draws no images."),
    };

    private LoadRequest Json(int number)
    {
        var body = Sampled(number);
        body["output_format"] = Formats[number % Formats.Length];
        return Drawn(RequestKind.Json, number, AnswerForm.Json, images: 1 + (number / Formats.Length % 4), body);
    }

    private LoadRequest Streamed(int number)
    {
        var body = Sampled(number);
        body["stream"] = true;
        body["partial_images"] = number % 4;
        return Drawn(RequestKind.Stream, number, AnswerForm.Events, images: 1, body);
    }

    private LoadRequest Redetailed(int number)
    {
        var body = new JsonObject
        {
            ["layout"] = new JsonArray([.. from.Layout.Select(label => JsonValue.Create(label))]),
            ["class_label"] = from.LayoutClass,
            ["output_format"] = Formats[number % Formats.Length],
        };
        return Drawn(RequestKind.Redetail, number, AnswerForm.Json, images: 1 + (number % 2), body, "/v1/images/redetail");
    }

    private LoadRequest Uploaded(RequestKind kind, int number, string path, MultipartBody body) =>
        new(kind, Name(kind, number), HttpMethod.Post, path, AnswerForm.Json)
        {
            Body = body.Field("seed", Seed(kind, number)).Field("class_label", from.LayoutClass).ToArray(),
            ContentType = MultipartBody.ContentType,
            Images = 1,
        };

    private LoadRequest Drawn(RequestKind kind, int number, AnswerForm form, int images, JsonObject body, string path = Generations)
    {
        body["seed"] = Seed(kind, number);
        body["n"] = images;
        return new(kind, Name(kind, number), HttpMethod.Post, path, form) { Body = JsonSerializer.SerializeToUtf8Bytes(body), Images = images };
    }

    /// <summary>Returns a class with sampling settings: those of the model, none, guidance, and filters in turn.</summary>
    private JsonObject Sampled(int number)
    {
        var body = new JsonObject { ["class_label"] = (int)((seed + (ulong)number) % (ulong)from.Classes) };
        switch (number % 5)
        {
            case 1:
                body["guidance_scale"] = 1;
                break;
            case 2:
                body["guidance_scale"] = 3;
                body["temperature"] = 0.8;
                break;
            case 3:
                body["top_k"] = 50;
                body["fine"] = new JsonObject { ["temperature"] = 0.7 };
                break;
            case 4:
                body["top_p"] = 0.9;
                break;
            default:
                break;
        }

        return body;
    }

    private ulong Seed(RequestKind kind, int number) => (((seed * 16) + (ulong)kind) * 100_000) + (ulong)number;

    private static string Name(RequestKind kind, int number) => $"{kind.ToString().ToLowerInvariant()} {number}";

    private static LoadRequest Invalid(string name, string path, int status, string body) =>
        new(RequestKind.Bad, name, HttpMethod.Post, path, AnswerForm.Error) { Status = status, Body = System.Text.Encoding.UTF8.GetBytes(body) };
}
