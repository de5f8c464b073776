using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using CtfService.Api.Configuration;
using CtfService.Model.Imaging;

namespace CtfService.Api.Contracts;

// Annotations describe the API (/swagger); the validators check, and tests hold the two together.

/// <summary>What every request for images may say, however it is sent.</summary>
public abstract record ImageRequest
{
    /// <summary>Number of images.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxImagesPerRequest))]
    [DefaultValue(1)]
    public int? N { get; init; }

    /// <summary>
    /// Random if absent or null, then below 2^53, so that every client holds it exactly. The same seed gives the same images. Larger seeds, up to 2^64-1, may
    /// be sent as a string of decimal digits.
    /// </summary>
    [JsonConverter(typeof(SeedConverter))]
    public ulong? Seed { get; init; }

    /// <summary>Name of the loaded model, or an alias of it; may be left out.</summary>
    public string? Model { get; init; }

    /// <summary>File format of the images.</summary>
    [AllowedValues("png", "jpeg", "webp")]
    [DefaultValue("png")]
    public string? OutputFormat { get; init; }

    /// <summary>Quality of JPEG and WebP; PNG is lossless and ignores it.</summary>
    [Range(0, 100)]
    [DefaultValue(ImageCodec.DefaultQuality)]
    public int? OutputCompression { get; init; }

    /// <summary>
    /// <c>url</c> answers each image as a data URL, too; the default if <c>model</c> is an alias that starts with <c>dall-e</c>. For the image itself, send
    /// an <c>Accept</c> header that names an image type.
    /// </summary>
    [AllowedValues("b64_json", "url")]
    [DefaultValue("b64_json")]
    public string? ResponseFormat { get; init; }

    /// <summary>
    /// What to answer beside each image: <c>layout</c> (its coarse labels, which <c>/v1/images/redetail</c> takes), <c>tokens</c>, or both. Not beside a body that
    /// is an image file.
    /// </summary>
    [AllowedValues("layout", "tokens")]
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>
    /// Milliseconds, from 1, until the request is given up with 504 and its work is freed. The smallest of this, the header <c>X-Request-Timeout</c> and
    /// Inference:RequestTimeout counts.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? TimeoutMs { get; init; }

    /// <summary>
    /// Pixels, width x height. A model draws one size: <c>auto</c> or that one (<c>/v1/models</c> says it). OpenAI's sizes have no effect, and the answer
    /// warns of them.
    /// </summary>
    [DefaultValue("auto")]
    public string? Size { get; init; }

    /// <summary>Accepted for compatibility and not used.</summary>
    public string? User { get; init; }

    /// <summary>Sampling of the fine stage, wherever the request says it; null keeps the model's.</summary>
    internal abstract SamplingRequest? FineSampling { get; }

    /// <summary>What stands before the names of those fields.</summary>
    internal virtual string FinePrefix => "fine.";
}

/// <summary>How the fine stage samples; absent fields keep the model's defaults.</summary>
public sealed record SamplingRequest
{
    /// <summary>0 is greedy, 1 as trained, higher more varied.</summary>
    [UpToSetting(0, nameof(LimitsOptions.MaxTemperature))]
    public float? Temperature { get; init; }

    /// <summary>Sample among the k likeliest tokens only; 0 means all.</summary>
    [Range(0, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Sample among the likeliest tokens that make up this probability; 1 means all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? TopP { get; init; }

    /// <summary>Classifier-free guidance of the fine stage; 1 is off.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxGuidanceScale))]
    public float? GuidanceScale { get; init; }
}
