using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>A request for new details in a layout that <c>include: ["layout"]</c> returned. The coarse stage does not run.</summary>
public sealed record RedetailImageRequest : ImageRequest
{
    /// <summary>
    /// The coarse labels as they were returned: one for each position of the token grid, in raster order. A layout is valid for the model that drew it only.
    /// </summary>
    [Required]
    public IReadOnlyList<int>? Layout { get; init; }

    /// <summary>
    /// The class that the layout was drawn for, as a name or an index. The class, seed and fine sampling of the returned image reproduce that image.
    /// </summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public SamplingRequest? Fine { get; init; }

    internal override SamplingRequest? FineSampling => Fine;
}
