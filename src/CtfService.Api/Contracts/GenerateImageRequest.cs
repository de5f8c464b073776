using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Asks for images of one class. Either <c>class_label</c> or <c>prompt</c> is needed; everything else has a default.</summary>
public sealed record GenerateImageRequest : IImageRequest
{
    /// <summary>What to draw: a class name (case, spaces, hyphens and underscores do not matter) or a class index.</summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>Accepted in place of <c>class_label</c>: a class name, or a sentence that names exactly one class.</summary>
    public string? Prompt { get; init; }

    /// <summary>Number of images.</summary>
    public int? N { get; init; }

    /// <summary>
    /// Unsigned 64-bit number, random where absent. The same seed gives the same images. May be sent as a decimal string, because
    /// JavaScript numbers hold 53 bits only.
    /// </summary>
    [JsonConverter(typeof(SeedConverter))]
    public ulong? Seed { get; init; }

    /// <summary>Classifier-free guidance of the coarse stage; 1 is off and twice as fast, higher follows the class more closely.</summary>
    public float? GuidanceScale { get; init; }

    /// <summary>Of the coarse stage: 0 is greedy, 1 as trained, higher more varied.</summary>
    public float? Temperature { get; init; }

    /// <summary>Of the coarse stage: sample among the k likeliest labels only; 0 means all.</summary>
    public int? TopK { get; init; }

    /// <summary>Of the coarse stage: sample among the likeliest labels that make up this probability; 1 means all.</summary>
    public float? TopP { get; init; }

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

    /// <summary>
    /// True answers server-sent events: <c>image_generation.partial_image</c> while images are drawn, <c>image_generation.completed</c> for each finished one,
    /// then <c>[DONE]</c>.
    /// </summary>
    public bool? Stream { get; init; }

    /// <summary>Previews of each image in a stream: its coarse labels so far, through the cluster centroids. The last one shows all of them.</summary>
    public int? PartialImages { get; init; }

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

/// <summary>How the fine stage samples; absent fields keep the model's defaults.</summary>
public sealed record FineSamplingRequest
{
    /// <summary>0 is greedy, 1 as trained, higher more varied.</summary>
    public float? Temperature { get; init; }

    /// <summary>Sample among the k likeliest tokens only; 0 means all.</summary>
    public int? TopK { get; init; }

    /// <summary>Sample among the likeliest tokens that make up this probability; 1 means all.</summary>
    public float? TopP { get; init; }

    /// <summary>Classifier-free guidance of the fine stage; 1 is off.</summary>
    public float? GuidanceScale { get; init; }
}
