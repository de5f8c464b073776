namespace CtfService.Api.Contracts;

/// <summary>Asks for new details in the layout of an uploaded picture. Sent as <c>multipart/form-data</c>.</summary>
public sealed record VariationForm
{
    /// <summary>A PNG, JPEG or WebP file; scaled to cover the model's size, the rest cropped evenly.</summary>
    public required IFormFile Image { get; init; }

    /// <summary>What the picture shows: a class name or a class index. Absent: the details follow from the layout alone.</summary>
    public string? ClassLabel { get; init; }

    /// <summary>Number of images.</summary>
    public int? N { get; init; }

    /// <summary>Unsigned 64-bit number, random where absent. The same seed gives the same images.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Of the fine stage: 0 is greedy, 1 as trained, higher more varied.</summary>
    public float? FineTemperature { get; init; }

    /// <summary>Of the fine stage: sample among the k likeliest tokens only; 0 means all.</summary>
    public int? FineTopK { get; init; }

    /// <summary>Of the fine stage: sample among the likeliest tokens that make up this probability; 1 means all.</summary>
    public float? FineTopP { get; init; }

    /// <summary>Classifier-free guidance of the fine stage; 1 is off.</summary>
    public float? FineGuidanceScale { get; init; }

    /// <summary>Must be the name of the loaded model, where present.</summary>
    public string? Model { get; init; }

    /// <summary>File format of the images.</summary>
    public string? OutputFormat { get; init; }

    /// <summary>Quality of JPEG and WebP; PNG is lossless and ignores it.</summary>
    public int? OutputCompression { get; init; }

    /// <summary>Only <c>b64_json</c>. For the image itself, send an <c>Accept</c> header that names an image type.</summary>
    public string? ResponseFormat { get; init; }

    /// <summary>What to answer beside each image: <c>layout</c>, <c>tokens</c>, or both (the field twice). JSON only.</summary>
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>Milliseconds, from 1, until the request is given up with 504; the upload itself does not count.</summary>
    public int? TimeoutMs { get; init; }

    /// <summary>Accepted for compatibility and not used.</summary>
    public string? User { get; init; }
}
