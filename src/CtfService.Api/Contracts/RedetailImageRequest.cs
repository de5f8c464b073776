using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Asks for new details in a layout that was returned before (<c>include: ["layout"]</c>). The coarse stage does not run.</summary>
public sealed record RedetailImageRequest : IImageRequest
{
    /// <summary>The coarse labels as they were returned: one for each position of the token grid, in raster order. Layouts are of use to the model that drew them only.</summary>
    public IReadOnlyList<int>? Layout { get; init; }

    /// <summary>The class the layout was drawn for, as a name or an index. With it, the seed and the sampling of a returned image, that image comes again.</summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>Number of images.</summary>
    public int? N { get; init; }

    /// <summary>Unsigned 64-bit number, random where absent; also as a decimal string. The same seed gives the same images.</summary>
    [JsonConverter(typeof(SeedConverter))]
    public ulong? Seed { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public FineSamplingRequest? Fine { get; init; }

    /// <summary>Must be the name of the loaded model, where present.</summary>
    public string? Model { get; init; }

    /// <summary>File format of the images.</summary>
    public string? OutputFormat { get; init; }

    /// <summary>Quality of JPEG and WebP; PNG is lossless and ignores it.</summary>
    public int? OutputCompression { get; init; }

    /// <summary>Only <c>b64_json</c>. For the image itself, send an <c>Accept</c> header that names an image type.</summary>
    public string? ResponseFormat { get; init; }

    /// <summary>What to answer beside each image: <c>layout</c> (its coarse labels, which <c>/v1/images/redetail</c> takes), <c>tokens</c>, or both. JSON and streams only.</summary>
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>
    /// Milliseconds, from 1, until the request is given up with 504 and its work is freed. The smallest of this, the header <c>X-Request-Timeout</c> and
    /// Inference:RequestTimeout counts.
    /// </summary>
    public int? TimeoutMs { get; init; }

    /// <summary>Accepted for compatibility and not used.</summary>
    public string? User { get; init; }
}
