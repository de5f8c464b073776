using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CtfService.Api.Configuration;
using CtfService.Core.Generation;

namespace CtfService.Api.Contracts;

/// <summary>
/// A request to draw a part of a picture anew and keep the rest. Sent as <c>multipart/form-data</c>, in which <c>include</c> can be repeated.
/// <c>class_label</c> or <c>prompt</c> is required.
/// </summary>
public sealed record EditImageRequest : EditRequest
{
    /// <summary>The picture: one PNG, JPEG or WebP file. It is scaled to cover the model's size and cropped evenly. May also be named <c>image[]</c>.</summary>
    public required IFormFile Image { get; init; }

    /// <summary>
    /// A PNG or WebP file of the picture's size. Where it is transparent (alpha below 128), the picture is drawn anew; its colours have no meaning. Without
    /// it, the transparent pixels of the picture itself are drawn anew.
    /// </summary>
    public IFormFile? Mask { get; init; }

    /// <summary>The class to draw, as a name or an index.</summary>
    [MaxLength(ClassReference.MaxNameLength)]
    public string? ClassLabel { get; init; }
}

/// <summary>The fields that requests for edits have in common: those of a form, and those of a line of a batch.</summary>
public abstract record EditRequest : DrawImageRequest
{
    /// <summary>
    /// How often the part is drawn; the drawing that best explains what is kept below and after it is taken. More fit better, and each takes the time of a
    /// drawing.
    /// </summary>
    [Range(1, LayoutSource.Edited.MostCandidates)]
    [DefaultValue(1)]
    public int? Candidates { get; init; }

    /// <summary>
    /// For OpenAI's clients. What the mask keeps always stays as it is: <c>high</c> says what happens anyway, and <c>low</c> has no effect and causes a
    /// warning.
    /// </summary>
    [AllowedValues("high", "low")]
    public string? InputFidelity { get; init; }

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
