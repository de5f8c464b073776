using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CtfService.Api.Configuration;
using CtfService.Core.Generation;

namespace CtfService.Api.Contracts;

/// <summary>The fields that requests for a whole image and for a part of one have in common: the coarse stage draws, and can be watched.</summary>
public abstract record DrawImageRequest : ImageRequest
{
    /// <summary>Longest prompt, characters.</summary>
    internal const int MaxPromptLength = 4_000;

    /// <summary>
    /// An alternative to <c>class_label</c>: a class name, or a sentence that names exactly one class, in singular or plural. If a word is misspelt, the
    /// response has a warning with the interpretation.
    /// </summary>
    [MaxLength(MaxPromptLength)]
    public string? Prompt { get; init; }

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

    /// <summary>
    /// Whether to respond with server-sent events: <c>image_generation.partial_image</c> for each preview, <c>image_generation.completed</c> for each finished
    /// image, then <c>[DONE]</c>. The events of an edit are <c>image_edit.partial_image</c> and <c>image_edit.completed</c>.
    /// </summary>
    [DefaultValue(false)]
    public bool? Stream { get; init; }

    /// <summary>
    /// Number of previews of each image in a stream. A preview shows the coarse labels so far, decoded from cluster centroids; the last one shows all labels.
    /// </summary>
    [Range(0, PreviewOptions.MostPreviews)]
    [DefaultValue(0)]
    public int? PartialImages { get; init; }

    /// <summary>
    /// For OpenAI's clients. There is one quality; values other than <c>auto</c> and <c>standard</c> have no effect and cause a warning.
    /// </summary>
    [AllowedValues("auto", "standard", "low", "medium", "high", "hd")]
    [DefaultValue("auto")]
    public string? Quality { get; init; }

    /// <summary>For OpenAI's clients. Images are always opaque; <c>transparent</c> has no effect and causes a warning.</summary>
    [AllowedValues("auto", "opaque", "transparent")]
    [DefaultValue("auto")]
    public string? Background { get; init; }

    /// <summary>For OpenAI's clients. Only classes of the model can be drawn, so there is nothing to moderate and the field has no effect.</summary>
    [AllowedValues("auto", "low")]
    [DefaultValue("auto")]
    public string? Moderation { get; init; }

    /// <summary>Sampling of the coarse stage, from the top-level fields.</summary>
    internal SamplingRequest CoarseSampling => new() { Temperature = Temperature, TopK = TopK, TopP = TopP, GuidanceScale = GuidanceScale };
}
