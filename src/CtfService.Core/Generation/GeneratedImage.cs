namespace CtfService.Core.Generation;

/// <summary>One finished image with what it was made from.</summary>
/// <param name="Specification">What was asked for.</param>
/// <param name="Image">The pixels.</param>
/// <param name="CoarseLabels">The layout: one cluster index per grid position, raster order.</param>
/// <param name="Tokens">One codeword index per grid position, raster order.</param>
/// <param name="Timings">How long the batch that held this image spent in each stage.</param>
public sealed record GeneratedImage(
    ImageSpecification Specification,
    RgbImage Image,
    IReadOnlyList<int> CoarseLabels,
    IReadOnlyList<int> Tokens,
    StageTimings Timings);

/// <summary>Time in each stage of the model.</summary>
/// <param name="Coarse">Until all coarse labels were there: prefill and decode steps of the coarse transformer, or VQ encode of a picture.</param>
/// <param name="Fine">The one pass of the fine transformer; zero without a fine stage.</param>
/// <param name="VqDecode">Tokens to pixels.</param>
public sealed record StageTimings(TimeSpan Coarse, TimeSpan Fine, TimeSpan VqDecode);
