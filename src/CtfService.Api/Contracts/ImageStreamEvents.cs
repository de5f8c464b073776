using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A preview of an image that is being drawn.</summary>
/// <param name="Type"><c>image_generation.partial_image</c>, or <c>image_edit.partial_image</c> of an edit.</param>
/// <param name="B64Json">The preview as an image file, base64.</param>
/// <param name="CreatedAt">Seconds since 1970.</param>
/// <param name="Size">Width x height in pixels.</param>
/// <param name="OutputFormat">File format: png, jpeg or webp.</param>
/// <param name="PartialImageIndex">Index of the preview among those of its image, from 0.</param>
/// <param name="ImageIndex">Index of the image in the request, from 0.</param>
/// <param name="Seed">Seed of the image.</param>
/// <param name="ClassId">Index of the class.</param>
/// <param name="ClassLabel">Name of the class.</param>
public sealed record PartialImageEvent(
    string Type,
    byte[] B64Json,
    long CreatedAt,
    string Size,
    string OutputFormat,
    int PartialImageIndex,
    int ImageIndex,
    ulong Seed,
    int? ClassId,
    string? ClassLabel);

/// <summary>A finished image of a stream.</summary>
/// <param name="Type"><c>image_generation.completed</c>, or <c>image_edit.completed</c> of an edit.</param>
/// <param name="B64Json">The image file, base64.</param>
/// <param name="CreatedAt">When it was finished, seconds since 1970.</param>
/// <param name="Size">Width x height in pixels.</param>
/// <param name="OutputFormat">File format: png, jpeg or webp.</param>
/// <param name="ImageIndex">Index of the image in the request, from 0.</param>
/// <param name="Seed">Seed of the image; a request for one image with this seed repeats it.</param>
/// <param name="ClassId">Index of the class.</param>
/// <param name="ClassLabel">Name of the class.</param>
/// <param name="Usage">Tokens of this image.</param>
/// <param name="Timings">Time spent in each stage.</param>
/// <param name="Layout">Coarse labels in raster order, if <c>include</c> asks for them.</param>
/// <param name="Tokens">Tokens in raster order, if <c>include</c> asks for them.</param>
/// <param name="Warnings">As in <see cref="ImagesResponse"/>.</param>
public sealed record CompletedImageEvent(
    string Type,
    byte[] B64Json,
    long CreatedAt,
    string Size,
    string OutputFormat,
    int ImageIndex,
    ulong Seed,
    int? ClassId,
    string? ClassLabel,
    ImageUsage Usage,
    ImageTimings Timings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Layout,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Tokens,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<RequestWarning>? Warnings = null);

/// <summary>Names of the events of a stream, as in OpenAI's API.</summary>
internal sealed record ImageEventNames(string Partial, string Completed)
{
    /// <summary>Those of whole images.</summary>
    public static ImageEventNames Generation { get; } = new("image_generation.partial_image", "image_generation.completed");

    /// <summary>Those of edits.</summary>
    public static ImageEventNames Edit { get; } = new("image_edit.partial_image", "image_edit.completed");
}
