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
    /// The positions whose details stay, as indexes of <c>layout</c>: 0 is the top left, the next ones follow in raster order. Needs <c>tokens</c>.
    /// </summary>
    public IReadOnlyList<int>? Keep { get; init; }

    /// <summary>
    /// The tokens that <c>include: ["tokens"]</c> returned with the layout, all of them. The image keeps those of the positions in <c>keep</c>.
    /// </summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>
    /// The class that the layout was drawn for, as a name or an index. The class, seed and fine sampling of the returned image reproduce that image.
    /// </summary>
    public ClassReference? ClassLabel { get; init; }

    /// <summary>Sampling of the fine stage.</summary>
    public SamplingRequest? Fine { get; init; }

    internal override SamplingRequest? FineSampling => Fine;
}
