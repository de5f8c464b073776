using System.ComponentModel.DataAnnotations;
using CtfService.Api.Configuration;

namespace CtfService.Api.Contracts;

/// <summary>Asks for new details in the layout of an uploaded picture. Sent as <c>multipart/form-data</c>; <c>include</c> may come twice.</summary>
public sealed record VaryImageRequest : ImageRequest
{
    /// <summary>A PNG, JPEG or WebP file; scaled to cover the model's size, the rest cropped evenly.</summary>
    public required IFormFile Image { get; init; }

    /// <summary>What the picture shows: a class name or a class index. Absent: the details follow from the layout alone.</summary>
    [MaxLength(ClassReference.MaxNameLength)]
    public string? ClassLabel { get; init; }

    /// <summary>Of the fine stage: 0 is greedy, 1 as trained, higher more varied.</summary>
    [UpToSetting(0, nameof(LimitsOptions.MaxTemperature))]
    public float? FineTemperature { get; init; }

    /// <summary>Of the fine stage: sample among the k likeliest tokens only; 0 means all.</summary>
    [Range(0, int.MaxValue)]
    public int? FineTopK { get; init; }

    /// <summary>Of the fine stage: sample among the likeliest tokens that make up this probability; 1 means all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? FineTopP { get; init; }

    /// <summary>Classifier-free guidance of the fine stage; 1 is off.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxGuidanceScale))]
    public float? FineGuidanceScale { get; init; }

    internal override SamplingRequest? FineSampling => (FineTemperature, FineTopK, FineTopP, FineGuidanceScale) == (null, null, null, null)
        ? null
        : new SamplingRequest { Temperature = FineTemperature, TopK = FineTopK, TopP = FineTopP, GuidanceScale = FineGuidanceScale };

    internal override string FinePrefix => "fine_";
}
