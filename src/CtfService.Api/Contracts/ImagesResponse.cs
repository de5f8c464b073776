using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>The finished images of one request.</summary>
/// <param name="Created">When they were finished, seconds since 1970.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Data">One entry per image, in order.</param>
/// <param name="OutputFormat">File format of every image: png, jpeg or webp.</param>
/// <param name="Size">Width x height of every image in pixels.</param>
/// <param name="Usage">Tokens of the request.</param>
/// <param name="Timings">Time spent in each stage.</param>
/// <param name="Warnings">Fields that had no effect or were interpreted; absent if there are none. The header <c>X-Warnings</c> lists their names.</param>
public sealed record ImagesResponse(
    long Created,
    string Model,
    IReadOnlyList<ImageEntry> Data,
    string OutputFormat,
    string Size,
    ImageUsage Usage,
    ImageTimings Timings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<RequestWarning>? Warnings = null);

/// <summary>One image.</summary>
/// <param name="B64Json">The image file, base64.</param>
/// <param name="Seed">Seed of the image; a request for one image with this seed repeats it.</param>
/// <param name="ClassId">Index of the class; null for a variation without one.</param>
/// <param name="ClassLabel">Name of the class; null for a variation without one.</param>
/// <param name="Layout">Coarse labels in raster order, if <c>include</c> asks for them. <c>/v1/images/redetail</c> accepts them unchanged.</param>
/// <param name="Tokens">Tokens in raster order, if <c>include</c> asks for them.</param>
/// <param name="Url">The image file as a data URL, if <c>response_format</c> asks for it.</param>
public sealed record ImageEntry(
    byte[] B64Json,
    ulong Seed,
    int? ClassId,
    string? ClassLabel,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Layout = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Tokens = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Url = null);

/// <summary>Tokens of a request, as OpenAI counts them.</summary>
/// <param name="InputTokens">One for the class label, and one for each grid position of a given layout or picture.</param>
/// <param name="OutputTokens">Number of images times tokens per image.</param>
/// <param name="TotalTokens">The sum of both.</param>
public sealed record ImageUsage(int InputTokens, int OutputTokens, int TotalTokens);

/// <summary>Time in each stage, milliseconds. The images of a request can run in different batches: stage times are the longest among the images.</summary>
/// <param name="QueueMs">Time from admission to the start; for an image that was started again, to its last start.</param>
/// <param name="CoarseMs">Coarse stage; for a variation, VQ encode of the picture.</param>
/// <param name="FineMs">Fine stage.</param>
/// <param name="DecodeMs">VQ decode, from tokens to pixels.</param>
/// <param name="EncodeMs">Encoding of the image files, the sum over all images.</param>
public sealed record ImageTimings(double QueueMs, double CoarseMs, double FineMs, double DecodeMs, double EncodeMs);

/// <summary>A field that had no effect, or that was interpreted.</summary>
/// <param name="Param">Name of the field.</param>
/// <param name="Message">For people: what the service did instead.</param>
public sealed record RequestWarning(string Param, string Message);
