using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>Asks for new details in a layout that was returned before (<c>include: ["layout"]</c>). The coarse stage does not run.</summary>
public sealed record RedetailImageRequest : ImageRequest
{
    /// <summary>The coarse labels as they were returned: one for each position of the token grid, in raster order. Layouts are of use to the model that drew them only.</summary>
    [Required]
    public IReadOnlyList<int>? Layout { get; init; }

    /// <summary>The class the layout was drawn for, as a name or an index. With it, the seed and the sampling of a returned image, that image comes again.</summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public SamplingRequest? Fine { get; init; }

    internal override SamplingRequest? FineSampling => Fine;
}
