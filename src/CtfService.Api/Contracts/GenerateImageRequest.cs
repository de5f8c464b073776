using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CtfService.Api.Configuration;
using CtfService.Core.Generation;

namespace CtfService.Api.Contracts;

/// <summary>Asks for images of one class. Either <c>class_label</c> or <c>prompt</c> is needed; everything else has a default.</summary>
public sealed record GenerateImageRequest : ImageRequest
{
    /// <summary>Characters.</summary>
    internal const int MaxPromptLength = 4_000;

    /// <summary>
    /// What to draw: a class name (case, spaces, hyphens and underscores do not matter) or a class index, as a string or as a JSON number.
    /// <c>GET /v1/classes</c> lists them.
    /// </summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>
    /// Accepted in place of <c>class_label</c>: a class name, or a sentence that names exactly one class, in singular or plural. If a word is misspelt, the
    /// answer warns how it was read.
    /// </summary>
    [MaxLength(MaxPromptLength)]
    public string? Prompt { get; init; }

    /// <summary>Classifier-free guidance of the coarse stage; 1 is off and twice as fast, higher follows the class more closely.</summary>
    [UpToSetting(1, nameof(LimitsOptions.MaxGuidanceScale))]
    public float? GuidanceScale { get; init; }

    /// <summary>Of the coarse stage: 0 is greedy, 1 as trained, higher more varied.</summary>
    [UpToSetting(0, nameof(LimitsOptions.MaxTemperature))]
    public float? Temperature { get; init; }

    /// <summary>Of the coarse stage: sample among the k likeliest labels only; 0 means all.</summary>
    [Range(0, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Of the coarse stage: sample among the likeliest labels that make up this probability; 1 means all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? TopP { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public SamplingRequest? Fine { get; init; }

    /// <summary>
    /// True answers server-sent events: <c>image_generation.partial_image</c> while images are drawn, <c>image_generation.completed</c> for each finished one,
    /// then <c>[DONE]</c>.
    /// </summary>
    [DefaultValue(false)]
    public bool? Stream { get; init; }

    /// <summary>Previews of each image in a stream: its coarse labels so far, through the cluster centroids. The last one shows all of them.</summary>
    [Range(0, PreviewOptions.MostPreviews)]
    [DefaultValue(0)]
    public int? PartialImages { get; init; }

    /// <summary>
    /// For OpenAI's clients: there is one quality. Values other than <c>auto</c> and <c>standard</c> have no effect, and the answer warns of them.
    /// </summary>
    [AllowedValues("auto", "standard", "low", "medium", "high", "hd")]
    [DefaultValue("auto")]
    public string? Quality { get; init; }

    /// <summary>For OpenAI's clients: a class has one look, so this has no effect, and the answer warns of it.</summary>
    [AllowedValues("vivid", "natural")]
    public string? Style { get; init; }

    /// <summary>For OpenAI's clients: images are opaque. <c>transparent</c> has no effect, and the answer warns of it.</summary>
    [AllowedValues("auto", "opaque", "transparent")]
    [DefaultValue("auto")]
    public string? Background { get; init; }

    /// <summary>For OpenAI's clients: a class label leaves nothing to moderate, so both values mean the same.</summary>
    [AllowedValues("auto", "low")]
    [DefaultValue("auto")]
    public string? Moderation { get; init; }

    /// <summary>The top-level fields, which are those of the coarse stage.</summary>
    internal SamplingRequest CoarseSampling => new() { Temperature = Temperature, TopK = TopK, TopP = TopP, GuidanceScale = GuidanceScale };

    internal override SamplingRequest? FineSampling => Fine;
}
