using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Trials.Traffic;

/// <summary>The form in which images are asked for.</summary>
internal enum AnswerForm
{
    PngFile,
    JpegFile,
    PngInJson,
    JpegInJson,
    Stream,
}

/// <summary>A request for images of one class.</summary>
/// <param name="Seed">Null to let the service choose.</param>
internal sealed record ImageOrder(int ClassLabel, ulong? Seed, int Images, AnswerForm Form)
{
    private static readonly Uri Generations = new("/v1/images/generations", UriKind.Relative);

    private bool IsJpeg => Form is AnswerForm.JpegFile or AnswerForm.JpegInJson;

    /// <param name="key">API key.</param>
    /// <param name="idempotencyKey">Null without one.</param>
    public HttpRequestMessage Request(string key, string? idempotencyKey)
    {
        var body = new JsonObject { ["class_label"] = ClassLabel, ["n"] = Images, ["output_format"] = IsJpeg ? "jpeg" : "png" };
        if (Seed is { } seed)
        {
            body["seed"] = seed;
        }

        if (Form == AnswerForm.Stream)
        {
            body["stream"] = true;
            body["partial_images"] = 2;
        }

        var request = new HttpRequestMessage(HttpMethod.Post, Generations) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (Form is AnswerForm.PngFile or AnswerForm.JpegFile)
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(IsJpeg ? "image/jpeg" : "image/png"));
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return request;
    }

    /// <summary>Returns the files in a good answer.</summary>
    /// <exception cref="FormatException">The answer is not what was asked for; the message says what is wrong.</exception>
    public IReadOnlyList<byte[]> Files(byte[] body)
    {
        var files = Form switch
        {
            AnswerForm.PngFile or AnswerForm.JpegFile => [body], // a contact sheet if there are several images
            AnswerForm.Stream => StreamedImages.Read(body),
            _ => JsonNode.Parse(body)!["data"]!.AsArray().Select(image => Convert.FromBase64String((string)image!["b64_json"]!)).ToList(),
        };
        var wanted = Form is AnswerForm.PngFile or AnswerForm.JpegFile ? 1 : Images;
        byte[] signature = IsJpeg ? [0xFF, 0xD8, 0xFF] : [0x89, (byte)'P', (byte)'N', (byte)'G'];
        return files.Count != wanted ? throw new FormatException($"{files.Count} images instead of {wanted}")
            : files.Any(file => !file.AsSpan().StartsWith(signature)) ? throw new FormatException("a file that is not an image of the format asked for")
            : files;
    }
}
