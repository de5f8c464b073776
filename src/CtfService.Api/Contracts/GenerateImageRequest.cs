using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>A request for images of one class. <c>class_label</c> or <c>prompt</c> is required; all other fields have defaults.</summary>
public sealed record GenerateImageRequest : DrawImageRequest
{
    /// <summary>
    /// The class to draw: its name (case, spaces, hyphens and underscores do not matter), or its index as a number or a string.
    /// <c>GET /v1/classes</c> lists the classes.
    /// </summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public SamplingRequest? Fine { get; init; }

    /// <summary>For OpenAI's clients. There is one style; the field has no effect and causes a warning.</summary>
    [AllowedValues("vivid", "natural")]
    public string? Style { get; init; }

    internal override SamplingRequest? FineSampling => Fine;
}
