namespace CtfService.Core.Generation;

/// <summary>A finished image with its specification, layout and tokens.</summary>
/// <param name="Specification">The specification it was generated from.</param>
/// <param name="Image">The pixels.</param>
/// <param name="CoarseLabels">The layout: one cluster index per grid position, raster order.</param>
/// <param name="Tokens">One codeword index per grid position, raster order.</param>
/// <param name="Timings">Time that the batch with this image spent in each stage.</param>
public sealed record GeneratedImage(
    ImageSpecification Specification,
    RgbImage Image,
    IReadOnlyList<int> CoarseLabels,
    IReadOnlyList<int> Tokens,
    StageTimings Timings)
{
    /// <summary>Number of decode steps that the image was part of; 0 if no label was drawn.</summary>
    public int DecodeSteps { get; init; }
}

/// <summary>Time spent in each stage of the model.</summary>
/// <param name="Coarse">Time until all coarse labels were available: decode steps of the coarse transformer, VQ encode of a picture, or both.</param>
/// <param name="Fine">The pass of the fine transformer; zero without a fine stage.</param>
/// <param name="VqDecode">Tokens to pixels.</param>
public sealed record StageTimings(TimeSpan Coarse, TimeSpan Fine, TimeSpan VqDecode);
