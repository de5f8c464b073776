using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Api.Configuration;
using CtfService.Model.Imaging;

namespace CtfService.Api.Contracts;

// The annotations describe the API in /swagger; the validators check. Tests keep both in agreement.

/// <summary>The fields that all image requests have in common.</summary>
public abstract record ImageRequest
{
    /// <summary>Number of images.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxImagesPerRequest))]
    [DefaultValue(1)]
    public int? N { get; init; }

    /// <summary>
    /// Seed of the request; the same seed gives the same images. If absent or null, a random seed below 2^53 is drawn, which every client can hold exactly.
    /// Larger seeds, up to 2^64-1, can be sent as a string of decimal digits.
    /// </summary>
    [JsonConverter(typeof(SeedConverter))]
    public ulong? Seed { get; init; }

    /// <summary>Name or alias of the loaded model; optional.</summary>
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
    /// <c>url</c> adds each image as a data URL, and is the default if <c>model</c> is an alias that starts with <c>dall-e</c>. To get an image file as the
    /// response, send an <c>Accept</c> header with an image type.
    /// </summary>
    [AllowedValues("b64_json", "url")]
    [DefaultValue("b64_json")]
    public string? ResponseFormat { get; init; }

    /// <summary>
    /// What to return in addition to each image: <c>layout</c> (its coarse labels, which <c>/v1/images/redetail</c> accepts), <c>tokens</c>, or both. Not
    /// possible if the response is an image file.
    /// </summary>
    [AllowedValues("layout", "tokens")]
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>
    /// Time limit of the request, milliseconds, from 1. After it, the request is cancelled and gets 504. The smallest of this field, the header
    /// <c>X-Request-Timeout</c> and Inference:RequestTimeout applies.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? TimeoutMs { get; init; }

    /// <summary>
    /// What comes first if images wait. <c>batch</c>: starts only while no image of a higher priority waits, and pauses while one runs. <c>high</c>: before all
    /// others, only with a key that may ask for it. Images of batches and data sets come last; there it has no effect.
    /// </summary>
    [AllowedValues(ImagePriorities.Interactive, ImagePriorities.Batch, ImagePriorities.High)]
    [DefaultValue(ImagePriorities.Interactive)]
    public string? Priority { get; init; }

    /// <summary>
    /// Width x height in pixels. A model draws one size only, listed in <c>/v1/models</c>: send that size or <c>auto</c>. OpenAI's sizes have no effect and
    /// cause a warning.
    /// </summary>
    [DefaultValue("auto")]
    public string? Size { get; init; }

    /// <summary>Accepted for compatibility; has no effect.</summary>
    public string? User { get; init; }

    /// <summary>Sampling of the fine stage; null for the model's defaults.</summary>
    internal abstract SamplingRequest? FineSampling { get; }

    /// <summary>Prefix of the names of the fine stage's fields in this request.</summary>
    internal virtual string FinePrefix => "fine.";
}

/// <summary>Sampling of one stage; absent fields have the model's defaults.</summary>
public sealed record SamplingRequest
{
    /// <summary>0 is greedy, 1 is as trained, higher values are more varied.</summary>
    [UpToSetting(0, nameof(LimitsOptions.MaxTemperature))]
    public float? Temperature { get; init; }

    /// <summary>Samples from the k likeliest tokens only; 0 means all.</summary>
    [Range(0, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Samples from the likeliest tokens that together have this probability; 1 means all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? TopP { get; init; }

    /// <summary>Classifier-free guidance; 1 turns it off.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxGuidanceScale))]
    public float? GuidanceScale { get; init; }

    /// <summary>Returns null if all fields are absent.</summary>
    internal static SamplingRequest? OfFields(float? temperature, int? topK, float? topP, float? guidanceScale) =>
        (temperature, topK, topP, guidanceScale) == (null, null, null, null)
            ? null
            : new SamplingRequest { Temperature = temperature, TopK = topK, TopP = topP, GuidanceScale = guidanceScale };
}

/// <summary>Reads a seed from a JSON number or a string of decimal digits; writes a number.</summary>
internal sealed class SeedConverter : JsonConverter<ulong>
{
    public override ulong Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetUInt64(out var number) => number,
        JsonTokenType.String when ulong.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var digits) => digits,
        _ => throw new JsonException(),
    };

    public override void Write(Utf8JsonWriter writer, ulong value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
