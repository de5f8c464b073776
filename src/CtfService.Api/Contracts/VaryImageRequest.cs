using System.ComponentModel.DataAnnotations;
using CtfService.Api.Configuration;

namespace CtfService.Api.Contracts;

/// <summary>
/// A request for new details in the layout of an uploaded picture. Sent as <c>multipart/form-data</c>, in which <c>include</c> can be repeated.
/// </summary>
public sealed record VaryImageRequest : VariationRequest
{
    /// <summary>A PNG, JPEG or WebP file. It is scaled to cover the model's size and cropped evenly.</summary>
    public required IFormFile Image { get; init; }

    /// <summary>The class that the picture shows, as a name or an index. If absent, the details depend on the layout alone.</summary>
    [MaxLength(ClassReference.MaxNameLength)]
    public string? ClassLabel { get; init; }
}

/// <summary>The fields that requests for variations have in common: those of a form, and those of a line of a batch.</summary>
public abstract record VariationRequest : ImageRequest
{
    /// <summary>Temperature of the fine stage: 0 is greedy, 1 is as trained, higher values are more varied.</summary>
    [UpToSetting(0, nameof(LimitsOptions.MaxTemperature))]
    public float? FineTemperature { get; init; }

    /// <summary>Samples the fine stage from the k likeliest tokens only; 0 means all.</summary>
    [Range(0, int.MaxValue)]
    public int? FineTopK { get; init; }

    /// <summary>Samples the fine stage from the likeliest tokens that together have this probability; 1 means all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? FineTopP { get; init; }

    /// <summary>Classifier-free guidance of the fine stage; 1 turns it off.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxGuidanceScale))]
    public float? FineGuidanceScale { get; init; }

    internal override SamplingRequest? FineSampling => SamplingRequest.OfFields(FineTemperature, FineTopK, FineTopP, FineGuidanceScale);

    internal override string FinePrefix => "fine_";
}
