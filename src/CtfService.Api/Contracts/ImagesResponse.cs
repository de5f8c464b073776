using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>The finished images of one request.</summary>
/// <param name="Created">When they were finished, seconds since 1970.</param>
/// <param name="Model">Name of the model that drew them.</param>
/// <param name="Data">One entry per image, in order.</param>
/// <param name="OutputFormat">File format of every image: png, jpeg or webp.</param>
/// <param name="Size">Pixels of every image, width x height.</param>
/// <param name="Usage">What the request cost.</param>
/// <param name="Timings">Where its time went.</param>
/// <param name="Warnings">What was asked for and had no effect, or was understood otherwise; absent if nothing was. <c>X-Warnings</c> names the fields.</param>
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
/// <param name="Seed">Asking for one image with this seed repeats it.</param>
/// <param name="ClassId">Index of its class; null for a variation without one.</param>
/// <param name="ClassLabel">Name of its class; null for a variation without one.</param>
/// <param name="Layout">Its coarse labels in raster order, where <c>include</c> asks for them. <c>/v1/images/redetail</c> takes them as they are.</param>
/// <param name="Tokens">Its tokens in raster order, where <c>include</c> asks for them.</param>
/// <param name="Url">The image file as a data URL, if <c>response_format</c> asks for it.</param>
public sealed record ImageEntry(
    byte[] B64Json,
    ulong Seed,
    int? ClassId,
    string? ClassLabel,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Layout = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Tokens = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Url = null);

/// <summary>Cost in tokens, as OpenAI counts it.</summary>
/// <param name="InputTokens">The class label: one. A layout or a picture: one for each grid position.</param>
/// <param name="OutputTokens">Tokens drawn: images times tokens per image.</param>
/// <param name="TotalTokens">Both.</param>
public sealed record ImageUsage(int InputTokens, int OutputTokens, int TotalTokens);

/// <summary>Milliseconds per stage. Images of a request may run in several batches; the longest time of each stage counts.</summary>
/// <param name="QueueMs">Waiting for a batch.</param>
/// <param name="CoarseMs">Coarse labels, one after another; of a variation, VQ encode of the picture.</param>
/// <param name="FineMs">Fine labels, all at once.</param>
/// <param name="DecodeMs">Tokens to pixels.</param>
/// <param name="EncodeMs">Pixels to files, all images together.</param>
public sealed record ImageTimings(double QueueMs, double CoarseMs, double FineMs, double DecodeMs, double EncodeMs);
