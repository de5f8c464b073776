using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>One draw of an image: with the logits and the settings it determines the label.</summary>
/// <param name="Seed">Seed of the image's random stream.</param>
/// <param name="Position">Index of the grid cell in raster order, from 0.</param>
public readonly record struct LabelDraw(SamplingMethod Method, ulong Seed, SamplingStage Stage, int Position);
