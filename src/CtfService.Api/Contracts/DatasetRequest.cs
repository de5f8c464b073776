using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using CtfService.Api.Configuration;
using CtfService.Datasets.Plans;
using CtfService.Jobs.Webhooks;
using CtfService.Model.Imaging;

namespace CtfService.Api.Contracts;

/// <summary>A request for a data set: labelled images in files. <c>counts</c> or <c>per_class</c> is required; all other fields have defaults.</summary>
public sealed record DatasetRequest
{
    /// <summary>Number of images of each class, by name or index: <c>{"lemon": 500, "banana": 20}</c>. <c>GET /v1/classes</c> lists the classes.</summary>
    public IReadOnlyDictionary<string, int>? Counts { get; init; }

    /// <summary>Number of images of every class, or of every class in <c>classes</c>, from 1: an alternative to <c>counts</c>.</summary>
    public int? PerClass { get; init; }

    /// <summary>The classes that <c>per_class</c> applies to, by name or index; every class of the model if absent.</summary>
    public IReadOnlyList<ClassReference>? Classes { get; init; }

    /// <summary>
    /// How the data set is stored. <c>imagefolder</c>: tar files that together unpack to a folder for each class. <c>webdataset</c>: tar files with an image,
    /// its class id and its provenance under one key. <c>npz</c>: one NumPy archive with pixels and labels. <c>parquet</c>: files with the columns image and
    /// label.
    /// </summary>
    [AllowedValues("imagefolder", "webdataset", "npz", "parquet")]
    [DefaultValue("webdataset")]
    public string? Format { get; init; }

    /// <summary>File format of the images. <c>npz</c> stores pixels and ignores it.</summary>
    [AllowedValues("png", "jpeg", "webp")]
    [DefaultValue("png")]
    public string? ImageFormat { get; init; }

    /// <summary>Quality of JPEG and WebP; PNG is lossless and ignores it.</summary>
    [Range(0, 100)]
    [DefaultValue(ImageCodec.DefaultQuality)]
    public int? Quality { get; init; }

    /// <summary>Start of the names of files and images: 1 to 64 letters, digits, hyphens and underscores, the first a letter or digit.</summary>
    [RegularExpression(DatasetPlan.NamePattern)]
    [DefaultValue(DatasetPlan.DefaultName)]
    public string? Name { get; init; }

    /// <summary>
    /// Number of images in each file but the last, from 1. A file is the unit of work; if it is interrupted, it starts again. At most
    /// Jobs:ShardImages, the default. A data set has at most 100,000 files.
    /// </summary>
    public int? ShardSize { get; init; }

    /// <summary>
    /// Seed of the data set; the same seed gives the same files. If absent or null, a random seed below 2^53 is drawn, which every client can hold exactly.
    /// Larger seeds, up to 2^64-1, can be sent as a string of decimal digits.
    /// </summary>
    [JsonConverter(typeof(SeedConverter))]
    public ulong? Seed { get; init; }

    /// <summary>Classifier-free guidance of the coarse stage. 1 turns it off and is twice as fast; higher values follow the class more closely.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxGuidanceScale))]
    public float? GuidanceScale { get; init; }

    /// <summary>Temperature of the coarse stage: 0 is greedy, 1 is as trained, higher values are more varied.</summary>
    [UpToSetting(0, nameof(LimitsOptions.MaxTemperature))]
    public float? Temperature { get; init; }

    /// <summary>Samples the coarse stage from the k likeliest labels only; 0 means all.</summary>
    [Range(0, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Samples the coarse stage from the likeliest labels that together have this probability; 1 means all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? TopP { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public SamplingRequest? Fine { get; init; }

    /// <summary>Name or alias of the loaded model; optional. If the service switches to another model, the job waits until this one is loaded again.</summary>
    public string? Model { get; init; }

    /// <summary>Your own notes: up to 16 pairs, keys of up to 64 and values of up to 512 characters. Returned unchanged.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>HTTP or HTTPS address that gets a signed POST when the job has ended.</summary>
    [MaxLength(WebhookAddressCheck.MaxLength)]
    public string? Webhook { get; init; }

    /// <summary>When the job gives up what is unfinished; Jobs:Lifetime after its creation if absent.</summary>
    public ExpiresAfterRequest? ExpiresAfter { get; init; }

    /// <summary>Sampling of the coarse stage, from the top-level fields.</summary>
    internal SamplingRequest CoarseSampling => new() { Temperature = Temperature, TopK = TopK, TopP = TopP, GuidanceScale = GuidanceScale };
}

/// <summary>A time after an event, in the shape of OpenAI's API.</summary>
public sealed record ExpiresAfterRequest
{
    /// <summary>The event that the time starts with: <c>created_at</c>, the creation of the job, is the only one.</summary>
    [DefaultValue("created_at")]
    public string? Anchor { get; init; }

    /// <summary>Seconds, 60 to Jobs:Lifetime.</summary>
    [Required]
    public int? Seconds { get; init; }
}
